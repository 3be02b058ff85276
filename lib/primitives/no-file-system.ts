/** `#fs` where there is no file system: in browsers. */

function refuse(): Promise<never> {
  return Promise.reject(new Error('this runtime has no file system'))
}

export { refuse as open, refuse as rename, refuse as unlink }

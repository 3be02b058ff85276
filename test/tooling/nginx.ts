/** nginx, which the test of the example behind it starts. */
import { existsSync } from 'node:fs'

/** Where Debian and Ubuntu install it; the variable NGINX names another one. */
export const NGINX_PATH = process.env.NGINX ?? '/usr/sbin/nginx'

/** How to get it, for those who have none. */
export const INSTALL_HINT = `nginx is not at ${NGINX_PATH}: apt-get install nginx-light, or set NGINX to its path`

export function hasNginx(): boolean {
  return existsSync(NGINX_PATH)
}

/**
 * Which pages may use a gateway. Pure.
 *
 * Browsers say truthfully which page opens a WebSocket (RFC 6455, 10.2) and let any page try: without a rule, every
 * page of the web could use the gateway, with its visitors' cookies. Programs can say what they like, so for them the
 * rule is none; that is what `authorize` is for.
 */

/** `'*'`: any; a list of origins such as `https://example.org`; or a decision for each. */
export type OriginRule = '*' | readonly string[] | ((origin: string) => boolean)

/**
 * @param origin value of the header, undefined where there is none: then it is no page, and may come in
 * @param host value of the header `Host`
 * @param rule null: pages of the gateway's own host only
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  rule: OriginRule | null,
): boolean {
  if (origin === undefined || rule === '*') return true
  if (typeof rule === 'function') return rule(origin)
  const given = origin.toLowerCase()
  if (rule !== null) return rule.some((each) => each.toLowerCase().replace(/\/$/, '') === given)
  return host !== undefined && given.replace(/^https?:\/\//, '') === host.toLowerCase() && given !== host.toLowerCase()
}

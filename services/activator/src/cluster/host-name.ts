const upperCase = /[A-Z]/

/** `Hello.default.example.com.:8080` → `hello.default.example.com`. */
export function hostName(host: string): string {
  const colon = host.lastIndexOf(":")
  let name = colon > 0 && host.charCodeAt(host.length - 1) !== 93 /* ] of IPv6 */ ? host.slice(0, colon) : host
  if (name.charCodeAt(name.length - 1) === 46 /* . */) name = name.slice(0, -1)
  return upperCase.test(name) ? name.toLowerCase() : name
}

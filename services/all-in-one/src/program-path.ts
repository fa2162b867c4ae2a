/** Where distributions keep programs. */
const usual = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

/**
 * `PATH` with the usual places behind what the user has in it: cron, su and some service managers leave out those of the
 * superuser's programs, where `nft`, `ip` and `runc` are.
 */
export function programPath(given = ""): string {
  return [...new Set([...given.split(":").filter((directory) => directory !== ""), ...usual])].join(":")
}

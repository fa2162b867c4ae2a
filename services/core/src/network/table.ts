import { formatRange } from "./address.ts"
import type { Ranges } from "./range-choice.ts"

/**
 * The table without services. A new connection to a service's address is looked up once in a map that leads to the
 * chain of its port; what is still bound for the service range after that has no endpoint and is refused at once
 * instead of being left to time out.
 *
 *     10.235.0.4:80 ──▶ addresses ──goto──▶ svc/default/hello/tcp/80 ──dnat──▶ one of the pods
 */
export function emptyTable(name: string, ranges: Ranges): string {
  const pods = formatRange(ranges.pods)
  const services = formatRange(ranges.services)
  return `table ip ${name} {
  map addresses {
    type ipv4_addr . inet_proto . inet_service : verdict
  }
  map node-ports {
    type inet_proto . inet_service : verdict
  }
  set hairpins {
    type ipv4_addr . ipv4_addr
  }
  chain services {
    ip daddr . meta l4proto . th dport vmap @addresses
    ip daddr != 127.0.0.0/8 fib daddr type local meta l4proto . th dport vmap @node-ports
  }
  chain prerouting {
    type nat hook prerouting priority dstnat
    goto services
  }
  chain output {
    type nat hook output priority -100
    goto services
  }
  chain postrouting {
    type nat hook postrouting priority srcnat
    ct status dnat ip saddr . ip daddr @hairpins masquerade fully-random
    ip saddr ${pods} ip daddr != ${pods} masquerade fully-random
  }
  chain forward {
    type filter hook forward priority filter
    ip daddr ${services} goto refuse
  }
  chain outgoing {
    type filter hook output priority filter
    ip daddr ${services} fib daddr type != local goto refuse
  }
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject with icmp port-unreachable
  }
}
`
}

/** The same in the place of whatever has this name now, in one transaction: no packet sees neither. */
export function replacedTable(name: string, ranges: Ranges): string {
  return `add table ip ${name}\ndelete table ip ${name}\n${emptyTable(name, ranges)}`
}

import { httpsUrl, int32, text } from "./reading.ts"
import { defineMap, unset } from "./setting.ts"

/** What Knative has no word for. */
export const wickMap = defineMap("config-wick", "What Knative has no word for.", {
  "drain-host": unset(
    text,
    "10.0.0.1",
    "Host at which a pod asks, before it ends, whether its requests are answered. Not set: pods do not ask.",
  ),
  "drain-port": unset(int32, "9080", "Port of that host."),
  "acme-directory": unset(
    httpsUrl,
    "https://acme-v02.api.letsencrypt.org/directory",
    "Who makes the certificates of hosts that are reached from outside: the directory of an authority that speaks ACME, to whose terms you agree by setting it. It asks each host at port 80 (HTTP-01). Not set: serving's own authority.",
  ),
  "acme-email": unset(text, "you@example.com", "Where that authority writes to."),
  "acme-ca-bundle": unset(
    text,
    "-----BEGIN CERTIFICATE-----\n...",
    "Who vouches for that authority's own server, PEM, where that is nobody whom everybody trusts.",
  ),
})

import { int32, text } from "./reading.ts"
import { defineMap, unset } from "./setting.ts"

/** What Knative has no word for. */
export const wickMap = defineMap("config-wick", "What Knative has no word for.", {
  "drain-host": unset(
    text,
    "10.0.0.1",
    "Host at which a pod asks, before it ends, whether its requests are answered. Not set: pods do not ask.",
  ),
  "drain-port": unset(int32, "9080", "Port of that host."),
})

import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { ownApi } from "./own-api.ts"

/** Run in a host's network: prints what that host's own API server says that an object holds, `none` when it does not say. */
const [kubeconfig = "", name = "", timeoutMs = "3000"] = process.argv.slice(2)
const client = await ownApi(kubeconfig)
const signal = AbortSignal.timeout(Number(timeoutMs))
const said = await client.get(ConfigMap, { name, namespace: "default" }, { signal }).then(
  ({ data }) => data?.value ?? "",
  () => "none",
)
process.stdout.write(said, () => process.exit(0))

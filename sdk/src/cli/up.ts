import { spawn } from "node:child_process"
import { getCompileCacheDir } from "node:module"
import { Command } from "commander"
import { smallHeap } from "../../bin/small-heap.mjs"
import type { Context } from "./context.ts"
import { platformProgram } from "./platform-program.ts"
import { withExamples } from "./target.ts"

/** Flags are read by the platform itself, so that `wick up` and its own program cannot disagree. */
const flags = `
Flags (each also as an environment variable: --pod-cidr is WICK_POD_CIDR):
  --home DIR                          where all state lies                     (default ~/.wick)
  --api HOST:PORT                     Kubernetes API                           (127.0.0.1:6443)
  --gateway HOST:PORT                 where functions are called               (127.0.0.1:8080)
    --gateway-https HOST:PORT         and by TLS: config-network says who gets a certificate (--gateway's port + 363)
  --registry HOST:PORT                image registry                           (127.0.0.1:5000)
    --registry-ca FILE                certificates that vouch for other registries, beside this machine's
    --plain-registry HOST:PORT,…      other registries that speak plain HTTP
  --metrics HOST:PORT                 Prometheus metrics                       (127.0.0.1:9090)
  --domain DOMAIN                     functions are NAME.NAMESPACE.DOMAIN      (wick.localhost)
  --runtime containerd|cri|process    containers, or plain commands            (containerd)
                                      cri: made as other kubelets have them made, each pod with a pause container
  --container-runtime-endpoint PATH   use a containerd that runs already, by cri unless --runtime says otherwise
  --node-name NAME                    name of this machine in the API          (from its host name)
  --pod-cidr CIDR --service-cidr CIDR address ranges                           (first free ones)
  --serving on|off                    functions, or the orchestrator alone     (on)
  --activators N                      gateway processes                        (1)
  --encryption-key keep|new           new: seal secrets under a new key from now (keep)
  --authentication-config FILE        whose tokens are believed: AuthenticationConfiguration of Kubernetes
  --oidc-issuer-url URL               or: one issuer of OpenID Connect; the other --oidc- flags of kube-apiserver
    --oidc-client-id ID               go with it: -username-claim, -username-prefix, -groups-claim, -groups-prefix,
                                      -ca-file, -required-claim CLAIM=VALUE, -signing-algs
  --store-endpoints URL,URL           keep everything in an etcd that is there already  (own store)
    --store-cafile FILE               go with it: -certfile, -keyfile; --store-prefix PATH before every key
  --etcd-listen HOST:PORT             answer etcd's clients here, over mutual TLS   (nowhere)
  --backup-to PLACE                   back the store up: file:///directory or s3://bucket/prefix?endpoint=URL&region=NAME
    --backup-passphrase-file FILE     seals the keys that go with it; --backup-keys none: they do not
    --backup-credentials-file FILE    of a bucket; or in the environment, as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
    --backup-every 6h --backup-keep 7d  how often a snapshot is made, and how long (or how many) they are kept
  --tracing-endpoint URL              OpenTelemetry collector for what controllers, scheduler and kubelet add to traces
    --tracing-protocol PROTOCOL       http/protobuf or grpc                    (http/protobuf)
  --peer HOST:PORT                    be one of several control-plane hosts: where the others reach this one's store;
                                      the port after it is the autoscaler's. --api must be reachable too  (alone)
  --join URL --token TOKEN            join the cluster whose API is at URL: wick member invite prints both
  --log-level LEVEL                   debug, info, warn or error               (info)
`

export function command(context: Context): Command {
  const up = new Command("up")
    .argument("[flags...]")
    .allowUnknownOption()
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", flags)
    .action((args: string[]) => run(context, args))
  return withExamples(up, "wick up\nwick up --gateway 0.0.0.0:80 --domain apps.example.com\nwick up --runtime=process")
}

async function run(context: Context, args: string[]): Promise<void> {
  const main = platformProgram("main")
  const child = spawn(process.execPath, [...smallHeap.flags, main, "up", ...args], {
    stdio: "inherit",
    env: { NODE_COMPILE_CACHE: getCompileCacheDir(), ...smallHeap.env, ...context.env },
  })
  process.removeAllListeners("SIGINT")
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal))
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject)
    child.once("exit", (status, signal) => resolve(status ?? (signal ? 1 : 0)))
  })
  process.exitCode = code
}

import { builtinFaces, builtinKinds } from "@wick/sdk/api"
import { type Client, createClient } from "@wick/sdk/client"
import { type Clock, seededRandom, systemClock } from "@wick/sdk/clock"
import { type Log, silentLog } from "@wick/sdk/log"
import { createMemoryStorage, type Storage } from "#store"
import type { ApiServerOptions } from "../create-api-server.ts"
import { type ApiServer, createApiServer, lightRequest } from "../index.ts"

export interface TestApi extends AsyncDisposable {
  readonly server: ApiServer
  readonly storage: Storage
  readonly client: Client
}

const master = { name: "admin", groups: ["system:masters"] }

interface TestApiOptions {
  readonly clock?: Clock
  readonly admission?: ApiServerOptions["admission"]
  /** Everybody may do everything unless given. */
  readonly authorize?: ApiServerOptions["authorize"]
  readonly nodeProxy?: ApiServerOptions["nodeProxy"]
  readonly healthChecks?: ApiServerOptions["healthChecks"]
  readonly notesCauses?: boolean
  readonly serviceCidr?: string
  /** One that outlives this server; one of its own unless given. */
  readonly storage?: Storage
  readonly log?: Log
}

/** The API server on a store in memory, for a master. */
export async function startTestApi({
  clock = systemClock,
  admission = [],
  authorize = () => ({ allowed: true, reason: "" }),
  healthChecks,
  nodeProxy = () => undefined,
  notesCauses = false,
  serviceCidr = "10.235.0.0/16",
  storage: given,
  log = silentLog,
}: TestApiOptions = {}): Promise<TestApi> {
  const storage = given ?? createMemoryStorage({ clock })
  const server = createApiServer({
    storage,
    kinds: builtinKinds,
    faces: builtinFaces,
    virtual: [],
    admission,
    authorize,
    ...(healthChecks && { healthChecks }),
    nodeProxy,
    notesCauses,
    serviceCidr,
    version: "v1.36.0",
    clock,
    random: seededRandom(1),
    log,
  })
  await server.ready
  return {
    server,
    storage,
    client: createClient({ fetch: server.fetchAs(master), newRequest: lightRequest }),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      if (!given) await storage.close()
    },
  }
}

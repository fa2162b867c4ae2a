import type { TLSSocket } from "node:tls"
import type { Clock, Random } from "@wick/sdk/clock"
import { hostPort } from "@wick/sdk/host-port"
import type { Log } from "@wick/sdk/log"
import type { Credential } from "#pki"
import type { MemberStorage } from "#store"
import { Alarms } from "./alarms.ts"
import { authService } from "./auth/auth-service.ts"
import { AuthStore } from "./auth/auth-store.ts"
import { ClientUrls } from "./client-urls.ts"
import { clusterService } from "./cluster-service.ts"
import { electionService } from "./concurrency/election-service.ts"
import { lockService } from "./concurrency/lock-service.ts"
import { listen } from "./connection/listen.ts"
import { type Admit, GrpcServer } from "./grpc/serve.ts"
import { Pages } from "./http/pages.ts"
import { http1Server } from "./http/serve.ts"
import { kvService } from "./kv/kv-service.ts"
import { leaseService } from "./lease-service.ts"
import { maintenanceService } from "./maintenance-service.ts"
import { openIdentity } from "./member-identity.ts"
import type { Methods, Parts } from "./service.ts"
import { snapshotService } from "./snapshot/snapshot-service.ts"
import { watchService } from "./watch/watch-stream.ts"

export interface EtcdOptions {
  readonly storage: MemberStorage
  /** Where a snapshot is made before it is sent. */
  readonly directory: string
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** Where clients find this member, for who asks for the list of all; `host` unless given. */
  readonly advertisedHost?: string | undefined
  /** Absent: anybody who reaches the port may do anything. For tests and measurements on loopback. */
  readonly tls?: EtcdTls | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface EtcdTls {
  readonly serving: Credential
  /** Whose client certificates are believed. */
  readonly authorityPem: string
  /** Organisations of which a client's certificate has to name one. */
  readonly organizations: readonly string[]
}

export interface EtcdServer extends AsyncDisposable {
  readonly url: string
}

/** Listens, and answers etcd's clients. */
export async function startEtcd(options: EtcdOptions): Promise<EtcdServer> {
  const { storage, host, port, tls, clock, random, log } = options
  const identity = await openIdentity(storage, clock, random)
  const auth = new AuthStore(storage, clock)
  let advertised = ""
  const parts: Parts = {
    storage,
    identity,
    authorize: auth.authorize,
    alarms: new Alarms(storage),
    clock,
    random,
    log,
    clientUrls: () => [advertised],
  }
  const admit = tls === undefined ? admitAll : admitOrganizations(tls.organizations)
  const pages = new Pages(parts)
  const grpc = new GrpcServer(
    { ...methodsOf(parts, options.directory), ...authService(parts, auth) },
    pages,
    admit,
    log,
  )
  const http1 = http1Server(pages, admit, log)
  const server = await listen({
    host,
    port,
    tls,
    http1,
    accept: (socket) => grpc.accept(socket),
    clock,
    log,
  })
  const urlAt = (name: string): string => `${tls === undefined ? "http" : "https"}://${hostPort(name, server.port)}`
  const url = urlAt(host)
  advertised = urlAt(options.advertisedHost ?? host)
  log.info("answers etcd's clients", { url })
  const urls = new ClientUrls(storage, [advertised])
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      urls.stop()
      await server.close()
    },
  }
}

function methodsOf(parts: Parts, directory: string): Methods {
  return {
    ...kvService(parts),
    ...watchService(parts),
    ...leaseService(parts),
    ...maintenanceService(parts),
    ...snapshotService(parts, directory),
    ...clusterService(parts),
    ...lockService(parts),
    ...electionService(parts),
  }
}

const admitAll: Admit = () => ({ commonName: undefined })

function admitOrganizations(organizations: readonly string[]): Admit {
  return (socket: TLSSocket) => {
    const { subject } = socket.getPeerCertificate()
    const named = [subject?.O ?? []].flat()
    if (!named.some((organization) => organizations.includes(organization))) {
      return `the client's certificate names none of the organizations ${organizations.join(", ")}`
    }
    return { commonName: [subject.CN].flat()[0] }
  }
}

import { randomBytes } from "node:crypto"
import { copyFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs"
import { mkdir, readdir, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { DnsSettings, PortMapping, SandboxConfig, SandboxRecord } from "../runtime.ts"
import type { Cni } from "./cni.ts"
import { dropNamespaces, haveNamespaces, makeNamespaces, namespacePaths, type OwnNamespaces } from "./namespaces.ts"
import type { SandboxFiles } from "./oci-mounts.ts"
import type { SharedNamespaces } from "./oci-spec.ts"
import type { Plugins } from "./plugins.ts"

/** What is written of a sandbox: in a directory that the machine forgets with the namespaces when it is switched off. */
interface Kept {
  readonly record: SandboxRecord
  readonly own: OwnNamespaces
  readonly portMappings: readonly PortMapping[]
  /** Whether its containers see each other's processes, which a container more holds together. */
  readonly sharesProcesses?: boolean
  /** Who makes its containers; absent: the usual one. */
  readonly handler?: string
}

export interface SandboxesOptions {
  /** In memory: what is written there need not go by way of a thread, which has to wait for its turn. */
  readonly directory: string
  readonly cni: Cni
  readonly plugins: Plugins
  /** Namespaces with an address that are kept ready. */
  readonly poolSize: number
  readonly hostname: string
  readonly clock: Clock
  readonly log: Log
}

interface Spare {
  readonly id: string
  readonly ips: readonly string[]
}

/** Namespaces of a pod that nothing but the pod decides: they can be made before it. */
const usual: OwnNamespaces = { network: true, ipc: true }
const idBytes = 32
/** A pod that starts has the processors for itself; the pool is filled when none has for so long. */
const refillMs = 250

/** What pods share: namespaces that no process stands for, some of them made before there is a pod. */
export class Sandboxes {
  readonly #options: SandboxesOptions
  readonly #kept = new Map<string, Kept>()
  readonly #spares: Spare[] = []
  #refill: { cancel(): void } | undefined
  #refilling: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: SandboxesOptions) {
    this.#options = options
  }

  /** Finds what an earlier process has made; what it had only begun, or kept ready, is taken away. */
  async open(): Promise<void> {
    const { directory } = this.#options
    await mkdir(directory, { recursive: true, mode: 0o711 })
    for (const id of await readdir(directory)) {
      const text = await readFile(this.#recordFile(id), "utf8").catch(() => undefined)
      if (text === undefined) {
        await this.#takeDown(id, usual, [])
        await rm(this.path(id), { recursive: true, force: true })
        continue
      }
      const kept = JSON.parse(text) as Kept
      const alive = kept.record.ready && (await haveNamespaces(this.path(id), kept.own))
      this.#kept.set(id, { ...kept, record: { ...kept.record, ready: alive } })
    }
  }

  list(): SandboxRecord[] {
    return [...this.#kept.values()].map(({ record }) => record)
  }

  async run(config: SandboxConfig, handler: string): Promise<SandboxRecord> {
    const own = { network: !config.hostNetwork, ipc: !config.hostIpc }
    const ready = own.network && own.ipc && !this.#namesPorts(config) ? this.#spares.shift() : undefined
    const { id, ips } = ready ?? (await this.#make(own, config.portMappings))
    try {
      this.#writeFiles(id, config)
      const record: SandboxRecord = {
        ...{ id, pod: config.pod, attempt: config.attempt, ready: true, ips },
        createdAtMs: this.#options.clock.now(),
      }
      const { portMappings, shareProcesses: sharesProcesses } = config
      this.#keep({ record, own, portMappings, sharesProcesses, handler })
      this.#refillLater()
      return record
    } catch (error) {
      await this.#takeDown(id, own, config.portMappings)
      await rm(this.path(id), { recursive: true, force: true })
      throw error
    }
  }

  /** Gives the address back and the namespaces up. Only when no container stands on it. */
  async stop(id: string): Promise<void> {
    const kept = this.#kept.get(id)
    if (!kept?.record.ready) return
    await this.#takeDown(id, kept.own, kept.portMappings)
    this.#keep({ ...kept, record: { ...kept.record, ready: false } })
  }

  async remove(id: string): Promise<void> {
    await this.stop(id)
    this.#kept.delete(id)
    if (isId(id)) await rm(this.path(id), { recursive: true, force: true })
  }

  /** Takes away what is only kept ready. */
  async close(): Promise<void> {
    this.#closed = true
    this.#refill?.cancel()
    await this.#refilling
    for (const { id } of this.#spares.splice(0)) {
      await this.#takeDown(id, usual, [])
      await rm(this.path(id), { recursive: true, force: true })
    }
  }

  sharesProcesses(id: string): boolean {
    return this.#kept.get(id)?.sharesProcesses === true
  }

  handler(id: string): string {
    return this.#kept.get(id)?.handler ?? ""
  }

  path(id: string): string {
    return join(this.#options.directory, id)
  }

  namespaces(id: string): SharedNamespaces {
    return namespacePaths(this.path(id), this.#kept.get(id)?.own ?? usual)
  }

  files(id: string): SandboxFiles {
    const directory = this.path(id)
    return {
      hostname: join(directory, "hostname"),
      hosts: join(directory, "hosts"),
      resolvConf: join(directory, "resolv.conf"),
      sharedMemory: namespacePaths(directory, this.#kept.get(id)?.own ?? usual).sharedMemory,
    }
  }

  #namesPorts(config: SandboxConfig): boolean {
    return config.portMappings.length > 0 && this.#options.cni.mapsPorts
  }

  async #make(own: OwnNamespaces, portMappings: readonly PortMapping[]): Promise<Spare> {
    const id = randomBytes(idBytes).toString("hex")
    mkdirSync(this.path(id), { mode: 0o711 })
    try {
      await makeNamespaces(this.#options.plugins, this.path(id), own)
      const { network } = namespacePaths(this.path(id), own)
      const ips = network ? await this.#options.cni.add({ id, namespace: network, portMappings }) : []
      return { id, ips }
    } catch (error) {
      await this.#takeDown(id, own, portMappings)
      await rm(this.path(id), { recursive: true, force: true })
      throw error
    }
  }

  async #takeDown(id: string, own: OwnNamespaces, portMappings: readonly PortMapping[]): Promise<void> {
    const { network } = namespacePaths(this.path(id), own)
    if (network) {
      await this.#options.cni.remove({ id, namespace: network, portMappings }).catch((error) => {
        this.#options.log.warn("a pod's address is not given back", { sandbox: id, error })
      })
    }
    await dropNamespaces(this.#options.plugins, this.path(id), own)
  }

  #writeFiles(id: string, { dns, hostname }: SandboxConfig): void {
    const { hostname: nameFile, hosts, resolvConf } = this.files(id)
    writeFileSync(nameFile, `${hostname || this.#options.hostname}\n`)
    copyFileSync("/etc/hosts", hosts)
    if (dns) writeFileSync(resolvConf, resolvConfOf(dns))
    else copyFileSync("/etc/resolv.conf", resolvConf)
  }

  #keep(kept: Kept): void {
    const file = this.#recordFile(kept.record.id)
    writeFileSync(`${file}.new`, JSON.stringify(kept))
    renameSync(`${file}.new`, file)
    this.#kept.set(kept.record.id, kept)
  }

  #recordFile(id: string): string {
    return join(this.path(id), "sandbox.json")
  }

  /** Put off while pods start. */
  #refillLater(): void {
    this.#refill?.cancel()
    if (this.#closed || this.#spares.length >= this.#options.poolSize) return
    this.#refill = this.#options.clock.timer(refillMs, () => {
      this.#refilling = this.#refillNow().catch((error) => {
        this.#options.log.warn("cannot keep a network namespace ready", { error })
      })
    })
  }

  async #refillNow(): Promise<void> {
    while (!this.#closed && this.#spares.length < this.#options.poolSize) this.#spares.push(await this.#make(usual, []))
  }
}

/** What is given to be removed may be no sandbox of ours at all. */
function isId(id: string): boolean {
  return /^[0-9a-f]{64}$/.test(id)
}

/** Pure: a resolver's configuration. */
export function resolvConfOf({ servers, searches, options }: DnsSettings): string {
  const lines = [
    ...(searches.length > 0 ? [`search ${searches.join(" ")}`] : []),
    ...servers.map((server) => `nameserver ${server}`),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
  ]
  return `${lines.join("\n")}\n`
}

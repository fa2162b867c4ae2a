import { noRules, type ServiceRules } from "./service-rules.ts"

/**
 * Which rules the table holds, service by service, and the commands from one state to the next. Pure: whoever runs the
 * commands runs them all in one transaction, in the order given.
 */
export class RuleBook {
  readonly #services = new Map<string, ServiceRules>()
  /** Element of a map → service that it leads to. The API gives an address once; were it to err, the first stays. */
  readonly #owners = new Map<string, string>()
  /** Endpoint address → how many services have it. */
  readonly #uses = new Map<string, number>()

  /** Commands that bring the table from what was last set for `service` to `wanted`. */
  replace(service: string, wanted: ServiceRules): Commands {
    const before = this.#services.get(service) ?? noRules
    const commands = new Commands()
    for (const [chain, rule] of wanted.chains) {
      if (before.chains.get(chain) !== rule) commands.setChain(chain, rule, before.chains.has(chain))
    }
    this.#replaceElements(service, "addresses", before.addresses, wanted.addresses, commands)
    this.#replaceElements(service, "node-ports", before.nodePorts, wanted.nodePorts, commands)
    for (const address of before.endpoints) if (!wanted.endpoints.has(address)) this.#release(address, commands)
    for (const address of wanted.endpoints) if (!before.endpoints.has(address)) this.#use(address, commands)
    for (const chain of before.chains.keys()) if (!wanted.chains.has(chain)) commands.removeChain(chain)
    if (wanted.chains.size === 0) this.#services.delete(service)
    else this.#services.set(service, wanted)
    return commands
  }

  /** Commands that fill an empty table with all that the book holds. */
  everything(): Commands {
    const fresh = new RuleBook()
    const commands = new Commands()
    for (const [service, rules] of this.#services) commands.join(fresh.replace(service, rules))
    return commands
  }

  #replaceElements(
    service: string,
    map: string,
    before: ReadonlyMap<string, string>,
    wanted: ReadonlyMap<string, string>,
    commands: Commands,
  ): void {
    for (const key of before.keys()) {
      const id = `${map} ${key}`
      if (wanted.has(key) || this.#owners.get(id) !== service) continue
      this.#owners.delete(id)
      commands.removeElement(map, key)
    }
    for (const [key, chain] of wanted) {
      const id = `${map} ${key}`
      if (this.#owners.has(id)) continue
      this.#owners.set(id, service)
      commands.addElement(map, `${key} : goto ${chain}`)
    }
  }

  #use(address: string, commands: Commands): void {
    const uses = this.#uses.get(address) ?? 0
    this.#uses.set(address, uses + 1)
    if (uses === 0) commands.addElement("hairpins", `${address} . ${address}`)
  }

  #release(address: string, commands: Commands): void {
    const uses = (this.#uses.get(address) ?? 1) - 1
    if (uses > 0) this.#uses.set(address, uses)
    else this.#uses.delete(address)
    if (uses === 0) commands.removeElement("hairpins", `${address} . ${address}`)
  }
}

/**
 * Commands of one transaction, in the one order that always works: a chain is there before an element leads to it, and
 * goes after the last that did; an address is given up before another service takes it.
 */
export class Commands {
  readonly #phases: [chains: string[], removals: string[], additions: string[], leftovers: string[]] = [[], [], [], []]

  get empty(): boolean {
    return this.#phases.every((phase) => phase.length === 0)
  }

  setChain(chain: string, rule: string, exists: boolean): void {
    this.#phases[0].push(exists ? `flush chain TABLE ${chain}` : `add chain TABLE ${chain}`)
    this.#phases[0].push(`add rule TABLE ${chain} ${rule}`)
  }

  removeChain(chain: string): void {
    this.#phases[3].push(`flush chain TABLE ${chain}`, `delete chain TABLE ${chain}`)
  }

  addElement(set: string, element: string): void {
    this.#phases[2].push(`add element TABLE ${set} { ${element} }`)
  }

  removeElement(set: string, element: string): void {
    this.#phases[1].push(`delete element TABLE ${set} { ${element} }`)
  }

  join(more: Commands): void {
    for (const [at, phase] of this.#phases.entries()) for (const line of more.#phases[at] ?? []) phase.push(line)
  }

  /** As text for `nft -f`, on the table `name`. */
  text(name: string): string {
    return this.#phases
      .flat()
      .map((line) => `${line.replace("TABLE", `ip ${name}`)}\n`)
      .join("")
  }
}

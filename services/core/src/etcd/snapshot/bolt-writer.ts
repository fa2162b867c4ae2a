import {
  type BranchElement,
  branchElementSize,
  branchPage,
  bucketValue,
  freeListPage,
  type LeafElement,
  leafElementSize,
  leafPage,
  metaPage,
  pageRoom,
  pageSize,
} from "./bolt-page.ts"

/** Where pages are put: at their place in a file. */
export type PutBytes = (bytes: Buffer, at: number) => Promise<void>

const freeListId = 2
/** The first page that is not at a fixed place. */
const firstId = 3

/**
 * Writes a database file of buckets front to back, without ever holding more than a page of each level: keys are given
 * in order, so every page is written when it is full and its parent is told.
 */
export class BoltWriter {
  readonly #put: PutBytes
  readonly #buckets: LeafElement[] = []
  #next = firstId

  constructor(put: PutBytes) {
    this.#put = put
  }

  /** Buckets are given in order of their names. */
  async bucket(name: string, elements: AsyncIterable<LeafElement> | Iterable<LeafElement>): Promise<void> {
    const root = await this.#tree(elements)
    this.#buckets.push({ key: Buffer.from(name), value: bucketValue(root), isBucket: true })
  }

  /** Size of the whole file. */
  async finish(): Promise<number> {
    const root = await this.#tree(this.#buckets)
    const end = this.#next
    await this.#put(freeListPage(freeListId), freeListId * pageSize)
    for (const id of [0, 1]) await this.#put(metaPage(id, { root, freeList: freeListId, end }), id * pageSize)
    return end * pageSize
  }

  /** Page of the tree's root. */
  async #tree(elements: AsyncIterable<LeafElement> | Iterable<LeafElement>): Promise<number> {
    const leaves = new Level<LeafElement>(leafElementSize, (full) => this.#write(full, leafPage))
    const levels: Level<BranchElement>[] = []
    for await (const element of elements) await this.#grow(levels, 0, await leaves.add(element))
    let child = await leaves.flush()
    for (let depth = 0; depth < levels.length; depth++) {
      await this.#grow(levels, depth, child)
      const level = levels[depth] as Level<BranchElement>
      // The last one to be told is the only one of its level: it is the root.
      child = await level.flush()
    }
    return child?.page ?? (await this.#write([], leafPage)).page
  }

  /** Tells a level of the page below it; makes the level when the one below has its first page. */
  async #grow(levels: Level<BranchElement>[], depth: number, child: BranchElement | undefined): Promise<void> {
    if (child === undefined) return
    levels[depth] ??= new Level<BranchElement>(branchElementSize, (full) => this.#write(full, branchPage))
    await this.#grow(levels, depth + 1, await levels[depth].add(child))
  }

  async #write<Element extends { readonly key: Buffer }>(
    elements: readonly Element[],
    toPage: (id: number, elements: readonly Element[]) => Buffer,
  ): Promise<BranchElement> {
    const id = this.#next
    const bytes = toPage(id, elements)
    this.#next += bytes.length / pageSize
    await this.#put(bytes, id * pageSize)
    return { key: elements[0]?.key ?? Buffer.alloc(0), page: id }
  }
}

/** The page of one level that is being filled. */
class Level<Element> {
  readonly #sizeOf: (element: Element) => number
  readonly #write: (elements: readonly Element[]) => Promise<BranchElement>
  #elements: Element[] = []
  #size = 0

  constructor(sizeOf: (element: Element) => number, write: (elements: readonly Element[]) => Promise<BranchElement>) {
    this.#sizeOf = sizeOf
    this.#write = write
  }

  /** The page that was full, if one had to be written. */
  async add(element: Element): Promise<BranchElement | undefined> {
    const size = this.#sizeOf(element)
    const isFull = this.#elements.length > 0 && this.#size + size > pageRoom
    const written = isFull ? await this.flush() : undefined
    this.#elements.push(element)
    this.#size += size
    return written
  }

  async flush(): Promise<BranchElement | undefined> {
    if (this.#elements.length === 0) return undefined
    const written = await this.#write(this.#elements)
    this.#elements = []
    this.#size = 0
    return written
  }
}

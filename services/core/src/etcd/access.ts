/** Who calls: what came with the request and with the connection. */
export interface Caller {
  readonly token: string | undefined
  /** Common name of the client's certificate. */
  readonly commonName: string | undefined
}

/** Something that a caller needs to be allowed, once users are told apart. */
export type Need =
  | { readonly right: "read" | "write"; readonly key: string; readonly end?: string | undefined }
  | { readonly right: "root" }

/** Throws EtcdError unless the caller may do all of it. */
export type Authorize = (caller: Caller, needs: readonly Need[]) => void

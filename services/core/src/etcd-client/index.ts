/**
 * The store on somebody else's etcd: `Storage` over etcd's v3 API, for whoever has an etcd already.
 *
 * Invariants: a call that may have been carried out is never made again; a watch has no gap and no repeat, whatever
 * happens to the connection; a write is answered when the watches of this process have been told of it.
 *
 * Imports store and etcd-wire. May be imported, when it is wanted, by whoever composes a server.
 */
export { type EtcdStorageOptions, openEtcdStorage } from "./open-etcd-storage.ts"

/**
 * etcd's v3 API over the store, for etcdctl and every other client of etcd: keys, watches, leases, maintenance,
 * membership, users. Its messages and words are those of `#etcd-wire`, its limits in `limits.ts`. It sees the
 * store as it is: what the API server keeps encrypted is ciphertext here.
 *
 * Invariants: a client that reads slowly costs no memory beyond its connection's; nothing is answered before it is
 * durable; what etcd refuses is refused with the same code and message.
 *
 * Imports store, pki and etcd-wire. May be imported, when it is wanted, by whoever composes a server.
 */
export { type EtcdOptions, type EtcdServer, type EtcdTls, startEtcd } from "./start-etcd.ts"

/**
 * Disaster recovery: what a platform needs to be whole after its disk is lost, kept in a directory or a bucket of S3.
 * Snapshots, each change between them, and the keys, sealed.
 *
 * Invariants: no write waits for a backup; what has a name is whole; a gap or a changed byte is found by whoever reads;
 * a restore makes all of a store or nothing; credentials, the passphrase and keys are in no log and no message.
 *
 * Imports store, replication (to found a store), pki (files of secrets) and etcd-wire (to read snapshots of etcd's). May be imported by whoever composes a server
 * or a command; loaded only where a backup is made or read.
 */
export { BackupOptionError, DamagedBackupError, NotInBackupError } from "./backup-error.ts"
export { catalogOf, reachable, type Target } from "./catalog.ts"
export { readPassphrase } from "./credentials.ts"
export { type Destination, openDestination, type Place, readPlace } from "./destination.ts"
export { restoreEtcdSnapshot } from "./etcd-snapshot/restore-etcd-snapshot.ts"
export { revisionBumpDefault } from "./limits.ts"
export { restore } from "./restore.ts"
export type { Retention } from "./retention.ts"
export { type BackupOptions, startBackup } from "./start-backup.ts"
export { verifyBackup } from "./verify.ts"

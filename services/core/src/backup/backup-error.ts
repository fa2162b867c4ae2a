/** What is in the backup is not what was put there. */
export class DamagedBackupError extends Error {
  override name = "DamagedBackupError"
}

/** The backup does not have what was asked of it; the message says what it has. */
export class NotInBackupError extends Error {
  override name = "NotInBackupError"
}

/** The place of a backup, its credentials or its passphrase cannot be used as they are given. */
export class BackupOptionError extends Error {
  override name = "BackupOptionError"
}

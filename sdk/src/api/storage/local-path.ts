/** Directories of nodes as volumes: what their makers, the controllers and the nodes, have agreed on. */
export const localPath = {
  /** Class of storage that every node offers, and whose volumes it keeps. */
  className: "local-path",
  provisioner: "wick.dev/local-path",
  /** By which a node knows a volume as a directory of its own. */
  driver: "local-path.wick.dev",
  /** Keeps a deleted volume until its node has removed the directory. */
  finalizer: "wick.dev/local-path",
} as const

/**
 * Programs that outlive the process which started them: started detached, remembered in a file, adopted by the next
 * start, started again when they die. Imports nothing of core; imported by the keeper of containerd and by compositions.
 */
export { type KeptProcess, type KeptProcessOptions, keepProcess } from "./keep-process.ts"
export { identify, isAlive, type ProcessIdentity, self } from "./process-identity.ts"

/**
 * The node agent: makes the pods that are bound to this node run, and tells the API how they do.
 *
 * Invariants: one worker per pod, serial and level-based; what runs is found again after a restart by its labels and
 * left running; nothing polls the runtime. Compositions of core import this; it imports `#containerd` and the sdk.
 */
export type { Kubelet, KubeletOptions } from "./kubelet.ts"
export { persistentDirectory, startKubelet } from "./kubelet.ts"
export { removeCgroup } from "./node/cgroup.ts"
export { criRuntime } from "./runtime/cri-runtime.ts"
export type { NativeRuntimeOptions } from "./runtime/native/native-runtime.ts"
export { hasNativePrograms, nativeRuntime } from "./runtime/native/native-runtime.ts"
export type { ProcessRuntimeOptions } from "./runtime/process-runtime.ts"
export { processRuntime } from "./runtime/process-runtime.ts"
export type { Runtime } from "./runtime/runtime.ts"
export { RuntimeError } from "./runtime/runtime.ts"
export { removeDirectory, unmountWithin } from "./volume/host-directory.ts"
export { offerLocalPath } from "./volume/local-path.ts"
export { volatileDirectory } from "./volume/volatile-directory.ts"

import { type ApiServers, startApiEndpoints } from "./api-endpoints/reconcile.ts"
import { type CertificateSigner, startCertificateSigning } from "./certificate-signing/reconcile.ts"
import { startClusterRoleAggregation } from "./cluster-role-aggregation/reconcile.ts"
import type { ControllerContext } from "./context.ts"
import { startDeployments } from "./deployment/reconcile.ts"
import { startDisruption } from "./disruption/reconcile.ts"
import { startEndpointSlices } from "./endpoint-slice/reconcile.ts"
import { startGarbageCollector } from "./garbage-collector/reconcile.ts"
import { startHorizontalPodAutoscalers } from "./horizontal-pod-autoscaler/reconcile.ts"
import { Inventory } from "./inventory/inventory.ts"
import { startNamespaces } from "./namespace/reconcile.ts"
import { startNodeLifecycle } from "./node-lifecycle/reconcile.ts"
import { startPersistentVolumes } from "./persistent-volume/reconcile.ts"
import { startReplicaSets } from "./replica-set/reconcile.ts"
import { startResourceQuotas } from "./resource-quota/reconcile.ts"
import { startServiceAccounts } from "./service-account/reconcile.ts"
import { type SignSecretToken, startTokenSecrets } from "./service-account/token-secrets.ts"
import { startVolumeAttachments } from "./volume-attachment/reconcile.ts"
import { startVolumeProtection } from "./volume-protection/reconcile.ts"

export interface ControllersOptions extends ControllerContext {
  /** PEM that pods trust the API server by; published in every namespace. Absent: nothing is published. */
  readonly certificateAuthority?: string
  /** Signs what was approved. Absent: requests for certificates wait. */
  readonly certificateSigner?: CertificateSigner
  /** Signs tokens for secrets to hold. Absent: such secrets stay as they are. */
  readonly signSecretToken?: SignSecretToken
  /** Where the API is served. Absent: its servers say so themselves. */
  readonly apiServers?: ApiServers
}

/** Starts all controllers. Disposing stops them; what they were doing is taken up by whoever starts them next. */
export function startControllers(options: ControllersOptions): AsyncDisposable {
  const running = new AsyncDisposableStack()
  running.use(startPodMakers(options))
  running.use(startEndpointSlices(options))
  running.use(startOtherControllers(options))
  return running
}

/** Those that a function which is to be started waits for. */
export function startPodMakers(options: ControllersOptions): AsyncDisposable {
  const running = new AsyncDisposableStack()
  running.use(startDeployments(options))
  running.use(startReplicaSets(options))
  return running
}

export function startOtherControllers(options: ControllersOptions): AsyncDisposable {
  const running = new AsyncDisposableStack()
  const inventory = running.use(new Inventory(options))
  if (options.apiServers) running.use(startApiEndpoints(options, options.apiServers))
  running.use(startClusterRoleAggregation(options))
  if (options.certificateSigner) running.use(startCertificateSigning(options, options.certificateSigner))
  running.use(startPersistentVolumes(options))
  running.use(startDisruption(options))
  running.use(startGarbageCollector(options, inventory))
  running.use(startHorizontalPodAutoscalers(options))
  running.use(startNamespaces(options, inventory))
  running.use(startNodeLifecycle(options))
  running.use(startResourceQuotas(options, inventory))
  running.use(startServiceAccounts(options))
  const { signSecretToken } = options
  if (signSecretToken) running.use(startTokenSecrets({ ...options, signSecretToken }))
  running.use(startVolumeAttachments(options))
  running.use(startVolumeProtection(options))
  return running
}

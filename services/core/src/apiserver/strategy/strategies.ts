import { Service } from "@wick/sdk/api/core/service"
import type { ObjectStore } from "../object-store.ts"
import type { ResourceRegistry } from "../resource-registry.ts"
import { apiServices } from "./api-service.ts"
import { decided } from "./certificate-decision.ts"
import { certificateSigningRequests } from "./certificate-signing-request.ts"
import { controllerRevisions } from "./controller-revision.ts"
import { cronJobs } from "./cron-job.ts"
import { customResourceDefinitions } from "./custom-resource-definition.ts"
import { daemonSets } from "./daemon-set.ts"
import { endpoints } from "./endpoints.ts"
import { events } from "./event.ts"
import { flowSchemas, priorityLevels } from "./flow-control.ts"
import { GivenAddresses } from "./given-addresses.ts"
import { horizontalPodAutoscalers } from "./horizontal-pod-autoscaler.ts"
import { ingressClasses, ingresses } from "./ingress.ts"
import { jobs } from "./job.ts"
import { limitRanges } from "./limit-range.ts"
import { namespaces } from "./namespace.ts"
import { networkPolicies } from "./network-policy.ts"
import { nodes } from "./node.ts"
import { persistentVolumes } from "./persistent-volume.ts"
import { persistentVolumeClaims } from "./persistent-volume-claim.ts"
import { pods } from "./pod.ts"
import { podDisruptionBudgets } from "./pod-disruption-budget.ts"
import { podTemplates } from "./pod-template.ts"
import { priorityClasses, runtimeClasses } from "./priority-class.ts"
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from "./rbac.ts"
import { replicationControllers } from "./replication-controller.ts"
import { resourceQuotas } from "./resource-quota.ts"
import { configMaps, secrets } from "./secret.ts"
import { type AddressBook, parseRange, serviceStrategy } from "./service.ts"
import { statefulSets } from "./stateful-set.ts"
import {
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  storageClasses,
  volumeAttachments,
  volumeAttributesClasses,
} from "./storage.ts"
import type { Strategies } from "./strategy.ts"
import { validatingAdmissionPolicies } from "./validating-admission-policy.ts"
import { webhookConfigurations } from "./webhook-configuration.ts"
import { deployments, replicaSets } from "./workload.ts"

/** What the strategies of some kinds look at beside the object itself. */
export interface StrategySurroundings {
  readonly store: ObjectStore
  readonly registry: ResourceRegistry
  readonly serviceCidr: string
}

/** What is special about each kind; a kind that is not listed is nothing but its schema. One line a kind. */
export function strategies(surroundings: StrategySurroundings): Strategies {
  return new Map([
    ["pods", pods],
    ["namespaces", namespaces],
    ["secrets", secrets],
    ["configmaps", configMaps],
    ["limitranges", limitRanges],
    ["resourcequotas", resourceQuotas],
    ["services", serviceStrategy(addressBook(surroundings))],
    ["nodes", nodes],
    ["endpoints", endpoints],
    ["events", events],
    ["podtemplates", podTemplates],
    ["replicationcontrollers", replicationControllers],
    ["persistentvolumeclaims", persistentVolumeClaims],
    ["persistentvolumes", persistentVolumes],
    ["jobs.batch", jobs],
    ["cronjobs.batch", cronJobs],
    ["horizontalpodautoscalers.autoscaling", horizontalPodAutoscalers],
    ["poddisruptionbudgets.policy", podDisruptionBudgets],
    ["deployments.apps", deployments],
    ["replicasets.apps", replicaSets],
    ["statefulsets.apps", statefulSets],
    ["daemonsets.apps", daemonSets],
    ["controllerrevisions.apps", controllerRevisions],
    ["certificatesigningrequests.certificates.k8s.io", decided(certificateSigningRequests)],
    ["customresourcedefinitions.apiextensions.k8s.io", customResourceDefinitions],
    ["roles.rbac.authorization.k8s.io", roles],
    ["clusterroles.rbac.authorization.k8s.io", clusterRoles],
    ["rolebindings.rbac.authorization.k8s.io", roleBindings],
    ["clusterrolebindings.rbac.authorization.k8s.io", clusterRoleBindings],
    ["validatingadmissionpolicies.admissionregistration.k8s.io", validatingAdmissionPolicies],
    ["mutatingwebhookconfigurations.admissionregistration.k8s.io", webhookConfigurations],
    ["ingresses.networking.k8s.io", ingresses],
    ["ingressclasses.networking.k8s.io", ingressClasses],
    ["networkpolicies.networking.k8s.io", networkPolicies],
    ["storageclasses.storage.k8s.io", storageClasses],
    ["csidrivers.storage.k8s.io", csiDrivers],
    ["csinodes.storage.k8s.io", csiNodes],
    ["csistoragecapacities.storage.k8s.io", csiStorageCapacities],
    ["volumeattachments.storage.k8s.io", volumeAttachments],
    ["volumeattributesclasses.storage.k8s.io", volumeAttributesClasses],
    ["priorityclasses.scheduling.k8s.io", priorityClasses],
    ["runtimeclasses.node.k8s.io", runtimeClasses],
    ["flowschemas.flowcontrol.apiserver.k8s.io", flowSchemas],
    ["prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", priorityLevels],
    ["apiservices.apiregistration.k8s.io", apiServices],
    ["validatingwebhookconfigurations.admissionregistration.k8s.io", webhookConfigurations],
  ])
}

/** The addresses that stored Services have, read from the cache that serves them. */
function addressBook({ store, registry, serviceCidr }: StrategySurroundings): AddressBook {
  const nothing = { addresses: new Set<string>(), nodePorts: new Set<number>() }
  let given: GivenAddresses | undefined
  const made = (): GivenAddresses | undefined => {
    const resource = registry.find("", "v1", Service.plural)
    return resource && new GivenAddresses(store.cache(resource))
  }
  return {
    ...parseRange(serviceCidr),
    fresh: async () => {
      given ??= made()
      await given?.fresh()
    },
    used: () => given ?? nothing,
  }
}

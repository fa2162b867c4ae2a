/** Pods as far as validation looks at them: what a user wrote, not yet judged. */

export interface PortView {
  readonly name?: string
  readonly containerPort?: number
  readonly protocol?: string
}

export interface EnvView {
  readonly name?: string
  readonly valueFrom?: object
}

export interface EnvFromView {
  readonly configMapRef?: object
  readonly secretRef?: object
}

export interface MountView {
  readonly name?: string
  readonly mountPath?: string
  readonly readOnly?: boolean
}

export interface ProbeView {
  readonly httpGet?: { readonly port?: number | string }
  readonly tcpSocket?: { readonly port?: number | string }
  readonly exec?: object
  readonly grpc?: object
  readonly periodSeconds?: number
  readonly timeoutSeconds?: number
  readonly initialDelaySeconds?: number
  readonly successThreshold?: number
  readonly failureThreshold?: number
}

export interface SecurityView {
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] }
  readonly privileged?: boolean
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly runAsNonRoot?: boolean
  readonly allowPrivilegeEscalation?: boolean
  readonly seccompProfile?: { readonly type?: string }
}

export interface PodSecurityView {
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly fsGroup?: number
  readonly supplementalGroups?: readonly number[]
  readonly runAsNonRoot?: boolean
  readonly seccompProfile?: { readonly type?: string }
}

export interface ContainerView {
  readonly name?: string
  readonly image?: string
  readonly ports?: readonly PortView[]
  readonly env?: readonly EnvView[]
  readonly envFrom?: readonly EnvFromView[]
  readonly volumeMounts?: readonly MountView[]
  readonly readinessProbe?: ProbeView
  readonly livenessProbe?: ProbeView
  readonly startupProbe?: ProbeView
  readonly lifecycle?: object
  readonly resources?: object
  readonly securityContext?: SecurityView
  readonly terminationMessagePolicy?: string
}

interface KeyToPath {
  readonly key?: string
  readonly path?: string
}

interface NamedItems {
  readonly name?: string
  readonly items?: readonly KeyToPath[]
}

export interface ProjectionView {
  readonly secret?: NamedItems
  readonly configMap?: NamedItems
  readonly serviceAccountToken?: { readonly path?: string }
  readonly downwardAPI?: {
    readonly items?: readonly {
      readonly path?: string
      readonly fieldRef?: object
      readonly resourceFieldRef?: object
    }[]
  }
}

export interface VolumeView {
  readonly name?: string
  readonly secret?: NamedItems
  readonly configMap?: NamedItems
  readonly projected?: { readonly sources?: readonly ProjectionView[] }
  readonly emptyDir?: { readonly medium?: string; readonly sizeLimit?: string | number }
  readonly persistentVolumeClaim?: { readonly claimName?: string; readonly readOnly?: boolean }
  readonly hostPath?: object
  readonly csi?: object
  readonly ephemeral?: object
  readonly image?: object
}

export interface RevisionSpecView {
  readonly containers?: readonly ContainerView[]
  readonly initContainers?: readonly ContainerView[]
  readonly volumes?: readonly VolumeView[]
  readonly securityContext?: PodSecurityView
  readonly automountServiceAccountToken?: boolean
  readonly serviceAccountName?: string
  readonly containerConcurrency?: number
  readonly timeoutSeconds?: number
  readonly responseStartTimeoutSeconds?: number
  readonly idleTimeoutSeconds?: number
}

const container = {
  name: "c",
  image: "example.com/app:1",
  env: [
    { name: "A", value: "b" },
    { name: "N", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
  ],
  ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
  resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "1", memory: "128Mi" } },
  readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 5 },
  volumeMounts: [{ name: "v", mountPath: "/v" }],
}
const podSpec = {
  containers: [container],
  volumes: [{ name: "v", emptyDir: {} }],
  tolerations: [{ key: "a", operator: "Exists" }],
}
const template = { metadata: { labels: { app: "m" } }, spec: podSpec }
const selector = { matchLabels: { app: "m" }, matchExpressions: [{ key: "app", operator: "In", values: ["m"] }] }
const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }]
const subjects = [{ kind: "User", name: "u", apiGroup: "rbac.authorization.k8s.io" }]
const webhook = {
  name: "w.example.com",
  clientConfig: { url: "https://127.0.0.1:1/" },
  rules: [{ apiGroups: ["none.example.com"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["nones"] }],
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
  failurePolicy: "Ignore",
  timeoutSeconds: 1,
}

const matchConstraints = {
  resourceRules: [
    { apiGroups: ["none.example.com"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["nones"] },
  ],
}
const binding = { spec: { policyName: "p", matchResources: { resourceRules: matchConstraints.resourceRules } } }

/** Of a key that nobody has kept. */
const request = Buffer.from(
  [
    "-----BEGIN CERTIFICATE REQUEST-----",
    "MIHGMG8CAQAwDTELMAkGA1UEAwwCam8wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC",
    "AASYKYp/CYaCXjBFa78YBQaild+58BoIa6EyNIE1Sg/N7UkiarHSE4+B/Gf2wmPc",
    "XXZU1KKA66M/PeRkwsanspTmoAAwCgYIKoZIzj0EAwIDRwAwRAIgSx0lnkBBot/J",
    "B4Kx9OdQbnpFF9UgjtqbxnBeqr1XpbECICKETZcT6wJTZC6t2WfeuJCrPdDJQZGQ",
    "50azvHhyYSfi",
    "-----END CERTIFICATE REQUEST-----",
    "",
  ].join("\n"),
).toString("base64")

/** Bodies that are right, by kind: what a fuzzer starts from. */
export const models: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ConfigMap: { data: { a: "b" }, binaryData: { c: "AAAA" } },
  Secret: { type: "Opaque", data: { a: "Yg==" }, stringData: { c: "d" } },
  Pod: { spec: podSpec },
  PodTemplate: { template },
  ReplicationController: { spec: { replicas: 1, selector: { app: "m" }, template } },
  Service: { spec: { selector: { app: "m" }, ports: [{ name: "http", port: 80, targetPort: "http" }] } },
  Endpoints: { subsets: [{ addresses: [{ ip: "10.0.0.1" }], ports: [{ port: 80 }] }] },
  Deployment: { spec: { replicas: 1, selector, template, strategy: { rollingUpdate: { maxSurge: "25%" } } } },
  ReplicaSet: { spec: { replicas: 1, selector, template } },
  StatefulSet: { spec: { replicas: 1, serviceName: "s", selector, template } },
  DaemonSet: { spec: { selector, template } },
  Job: { spec: { template: { ...template, spec: { ...podSpec, restartPolicy: "Never" } } } },
  CronJob: {
    spec: {
      schedule: "* * * * *",
      jobTemplate: { spec: { template: { ...template, spec: { ...podSpec, restartPolicy: "Never" } } } },
    },
  },
  HorizontalPodAutoscaler: {
    spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" }, maxReplicas: 3 },
  },
  PodDisruptionBudget: { spec: { minAvailable: "50%", selector } },
  EndpointSlice: { addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"] }], ports: [{ port: 80 }] },
  Lease: { spec: { holderIdentity: "h", leaseDurationSeconds: 15, renewTime: "2026-01-01T00:00:00.000000Z" } },
  Event: {
    involvedObject: { kind: "Pod", name: "p", namespace: "default" },
    reason: "R",
    message: "m",
    type: "Normal",
  },
  PersistentVolume: {
    spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/v" } },
  },
  PersistentVolumeClaim: { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
  ControllerRevision: { revision: 1, data: { spec: {} } },
  APIService: {
    spec: { group: "example.com", version: "v1", groupPriorityMinimum: 100, versionPriority: 10 },
    metadata: { name: "v1.example.com" },
  },
  StorageClass: { provisioner: "example.com/disks" },
  VolumeAttributesClass: { driverName: "example.com", parameters: { speed: "high" } },
  VolumeAttachment: { spec: { attacher: "example.com", nodeName: "n", source: { persistentVolumeName: "v" } } },
  CSIDriver: { spec: { attachRequired: true } },
  CSINode: { spec: { drivers: [{ name: "example.com", nodeID: "n" }] } },
  CSIStorageCapacity: { storageClassName: "s", capacity: "1Gi" },
  Ingress: {
    spec: { defaultBackend: { service: { name: "s", port: { number: 80 } } } },
  },
  IngressClass: { spec: { controller: "example.com/ingress" } },
  PriorityClass: { value: 100 },
  RuntimeClass: { handler: "runc" },
  FlowSchema: { spec: { priorityLevelConfiguration: { name: "global-default" }, matchingPrecedence: 9_000 } },
  PriorityLevelConfiguration: {
    spec: { type: "Limited", limited: { nominalConcurrencyShares: 5, limitResponse: { type: "Reject" } } },
  },
  CertificateSigningRequest: {
    spec: { signerName: "example.com/signer", usages: ["client auth"], request },
  },
  Role: { rules },
  ClusterRole: { rules },
  RoleBinding: { subjects, roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "r" } },
  ClusterRoleBinding: { subjects, roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "r" } },
  MutatingWebhookConfiguration: { webhooks: [webhook] },
  ValidatingWebhookConfiguration: { webhooks: [webhook] },
  ValidatingAdmissionPolicy: { spec: { matchConstraints, validations: [{ expression: "1 == 1", message: "m" }] } },
  ValidatingAdmissionPolicyBinding: { spec: { ...binding.spec, validationActions: ["Deny"] } },
  MutatingAdmissionPolicy: {
    spec: { matchConstraints, mutations: [{ patchType: "JSONPatch", jsonPatch: { expression: "[]" } }] },
  },
  MutatingAdmissionPolicyBinding: binding,
  CustomResourceDefinition: {
    metadata: { name: "things.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: {
                spec: {
                  type: "object",
                  properties: {
                    size: { type: "integer", minimum: 0 },
                    tags: { type: "array", items: { type: "string", pattern: "^a+$" } },
                  },
                  "x-kubernetes-validations": [{ rule: "self.size < 10", message: "too large" }],
                },
              },
            },
          },
        },
      ],
    },
  },
}

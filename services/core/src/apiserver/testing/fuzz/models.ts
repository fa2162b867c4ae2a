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

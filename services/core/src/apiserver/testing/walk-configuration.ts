import type { Story } from "./walk.ts"

const role = (...verbs: string[]): string =>
  JSON.stringify({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: "reconciled", namespace: "{ns}" },
    rules: [{ apiGroups: [""], resources: ["pods"], verbs }],
  })

const configMap = (key: string): string =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "owned", namespace: "{ns}" }, data: { key } })

export const configurationStories: readonly Story[] = [
  {
    name: "make",
    title: "makes one of everything that it has a generator for",
    steps: [
      {
        run: "create job j --image=b -- date",
        says: /^job.batch\/j created\nWarning: Wick runs no controller of jobs/,
      },
      {
        run: ["create", "cronjob", "c", "--image=b", "--schedule=*/5 * * * *", "--", "date"],
        says: /^cronjob.batch\/c created\nWarning: Wick runs no controller of cronjobs/,
        since: "new",
      },
      { run: "create secret generic s --from-literal=p=q", says: "secret/s created" },
      { run: "create secret tls t --cert={dir}/tls.crt --key={dir}/tls.key", says: "secret/t created" },
      {
        run: "create secret docker-registry reg --docker-username=u --docker-password=p --docker-email=e@x.y",
        says: "secret/reg created",
      },
      {
        run: "get secrets -o custom-columns=N:.metadata.name,T:.type --no-headers",
        says: /reg +kubernetes.io\/dockerconfigjson\ns +Opaque\nt +kubernetes.io\/tls/,
      },
      { run: "describe secret s", says: /Type: +Opaque[\s\S]*p: +1 bytes/ },
      {
        run: "create pdb p --selector=app=web --min-available=1",
        says: "poddisruptionbudget.policy/p created",
        since: "new",
      },
      {
        run: "create pdb p2 --selector=app=x --max-unavailable=50%",
        says: "poddisruptionbudget.policy/p2 created",
        since: "new",
      },
      { run: "describe pdb p", says: /Min available: +1\nSelector: +app=web/, since: "new" },
      {
        run: "create priorityclass {ns} --value=1000 --description=high",
        says: "priorityclass.scheduling.k8s.io/{ns} created",
      },
      { run: "get priorityclass {ns} --no-headers", says: /1000 +false/ },
      {
        run: "create ingress i --rule=a.example/=web:80",
        says: /^ingress.networking.k8s.io\/i created\nWarning: Wick runs no controller of ingresses/,
      },
      { run: "get ingress i --no-headers", says: /^i +<none> +a\.example +80 / },
      { run: "describe ingress i", says: /a\.example[\s\S]*\/ +web:80/ },
      { run: "create service clusterip sc --tcp=80:8080", says: "service/sc created" },
      { run: "create service nodeport sn --tcp=80:8080", says: "service/sn created" },
      { run: "create service loadbalancer sl --tcp=80:8080", says: "service/sl created" },
      { run: "create service externalname se --external-name=a.example", says: "service/se created" },
      {
        run: "get services --no-headers",
        says: /sc +ClusterIP[\s\S]*se +ExternalName +<none> +a\.example[\s\S]*sl +LoadBalancer .*<pending>[\s\S]*sn +NodePort .*80:3\d{4}\/TCP/,
      },
      { run: "create quota q --hard=pods=5,requests.cpu=2", says: "resourcequota/q created" },
      {
        run: "run over --image=x",
        says: /pods "over" is forbidden: failed quota: q: must specify requests.cpu/,
        code: 1,
      },
      { run: "describe namespace {ns}", says: /Status: +Active[\s\S]*Resource Quotas/ },
      { run: "delete job j --cascade=background", says: 'job.batch "j" deleted', since: "new" },
    ],
  },
  {
    name: "rights",
    title: "gives rights, and asks for them",
    steps: [
      { run: "create serviceaccount robot", says: "serviceaccount/robot created" },
      {
        run: "create role r --verb=get,list --resource=pods,deployments.apps",
        says: "role.rbac.authorization.k8s.io/r created",
      },
      {
        run: "create rolebinding rb --role=r --serviceaccount={ns}:robot",
        says: "rolebinding.rbac.authorization.k8s.io/rb created",
      },
      {
        run: "create clusterrole {ns} --verb=get --resource=nodes",
        says: "clusterrole.rbac.authorization.k8s.io/{ns} created",
      },
      {
        run: "create clusterrolebinding {ns} --clusterrole={ns} --user=jo",
        says: "clusterrolebinding.rbac.authorization.k8s.io/{ns} created",
      },
      { run: "describe role r", says: /deployments\.apps +\[\] +\[\] +\[get list\]/ },
      { run: "describe clusterrolebinding {ns}", says: /Kind: +ClusterRole[\s\S]*User +jo/ },
      { run: "auth can-i list pods --as system:serviceaccount:{ns}:robot", says: "yes" },
      { run: "auth can-i get pods --subresource=log --as system:serviceaccount:{ns}:robot", says: /^no/, code: 1 },
      {
        run: "auth can-i --list --as system:serviceaccount:{ns}:robot",
        says: /deployments\.apps +\[\] +\[\] +\[get list\]/,
      },
      { run: "auth whoami", says: /Username +kubernetes-admin/, since: "new" },
      { run: "auth reconcile -f -", input: role("get"), says: /reconciled[\s\S]*reconciliation required create/ },
      {
        run: "auth reconcile -f -",
        input: role("get", "list"),
        says: /reconciled[\s\S]*reconciliation required update/,
      },
      { run: "get role reconciled -o jsonpath={.rules[*].verbs}", says: /list/ },
      {
        run: "set subject rolebinding rb --user=zed",
        says: "rolebinding.rbac.authorization.k8s.io/rb subjects updated",
      },
      { run: "auth can-i list pods --as zed", says: "yes" },
      { run: "create token robot --duration=10m", says: /^ey[\w-]+\.[\w-]+\.[\w-]+$/, since: "new" },
      { run: "create token nope", says: /serviceaccounts "nope" not found/, code: 1, since: "new" },
      { run: "describe serviceaccount robot", says: /Name: +robot/ },
    ],
  },
  {
    name: "change",
    title: "changes a config map by every means",
    steps: [
      { run: "create configmap cm --from-literal=a=1 --from-literal=b=2", says: "configmap/cm created" },
      { run: ["patch", "cm", "cm", "-p", '{"data":{"c":"3"}}'], says: "configmap/cm patched" },
      { run: ["patch", "cm", "cm", "-p", '{"data":{"c":"3"}}'], says: "configmap/cm patched (no change)" },
      {
        run: ["patch", "cm", "cm", "--type=json", "-p", '[{"op":"test","path":"/data/c","value":"9"}]'],
        says: /[Tt]he request is invalid/,
        code: 1,
      },
      {
        run: ["patch", "cm", "cm", "--type=json", "-p", '[{"op":"remove","path":"/data/c"}]'],
        says: "configmap/cm patched",
      },
      { run: ["patch", "cm", "cm", "--type=merge", "-p", '{"data":{"b":null}}'], says: "configmap/cm patched" },
      { run: ["patch", "cm", "cm", "--type=merge", "-p", "{bad"], says: /error/i, code: 1 },
      { run: "get cm cm -o jsonpath={.data}", says: '{"a":"1"}' },
      { run: "edit cm cm", says: "configmap/cm edited" },
      { run: "get cm cm -o jsonpath={.data.a}", says: "edited" },
      {
        run: "apply --server-side --field-manager=one -f -",
        input: configMap("1"),
        says: "configmap/owned serverside-applied",
      },
      {
        run: "apply --server-side --field-manager=two -f -",
        input: configMap("2"),
        says: /conflict with "one"[\s\S]*\.data\.key/,
        code: 1,
      },
      {
        run: "apply --server-side --field-manager=two --force-conflicts -f -",
        input: configMap("2"),
        says: "configmap/owned serverside-applied",
      },
      { run: "get cm owned -o jsonpath={.data.key}", says: "2" },
      { run: "kustomize {dir}/kustom", says: /name: k-gen/ },
      { run: "diff -k {dir}/kustom", says: /^\+ +a: "1"$/m, code: 1 },
      { run: "apply -k {dir}/kustom", says: "configmap/k-gen created" },
      { run: "diff -k {dir}/kustom", says: "" },
      { run: "delete -k {dir}/kustom", says: 'configmap "k-gen" deleted' },
    ],
  },
  {
    name: "look",
    title: "learns what the server has",
    steps: [
      { run: "explain pods.spec.containers.resources", says: /requests\s<map\[string\]/ },
      { run: "explain deployment --recursive", says: /restartPolicy\s<string>/ },
      { run: "explain pods.nope", says: /field "nope" does not exist/, code: 1 },
      { run: "explain ingress.spec", says: /VERSION: .*v1[\s\S]*defaultBackend/ },
      { run: "api-resources --namespaced=false -o name", says: /^namespaces$[\s\S]*^nodes$/m },
      {
        run: "api-resources --api-group=apps --no-headers",
        says: /^deployments +deploy +apps\/v1 +true +Deployment$/m,
      },
      { run: "api-resources --verbs=list,watch -o name", says: /^pods$/m },
      { run: "api-resources --categories=all -o name", says: /^deployments\.apps$/m, since: "new" },
      { run: "api-resources -o wide", says: /create.*deletecollection/ },
      { run: "api-versions", says: /^batch\/v1$/m },
      { run: "cluster-info", says: /is running at/ },
      { run: "version", says: /Server Version/ },
      { run: "config current-context", says: "wick" },
      { run: "config view --minify", says: /certificate-authority-data: DATA\+OMITTED/ },
      { run: "config get-contexts -o name", says: "wick" },
      { run: "get --raw /api/v1/namespaces/{ns}/pods?limit=1", says: /"kind":"PodList"/ },
      { run: "get namespace {ns} -o jsonpath={.status.phase}", says: "Active" },
      { run: "top nodes", says: /metrics not available yet/, code: 1 },
      { run: "cordon nope", says: /nodes "nope" not found/, code: 1 },
      { run: "drain nope", says: /nodes "nope" not found/, code: 1 },
      { run: "taint nodes nope k=v:NoSchedule", says: /nodes "nope" not found/, code: 1 },
    ],
  },
]

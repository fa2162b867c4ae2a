/** Kinds that are kept and judged like any, and of which nothing comes by our own hand, by `plural.group`. */
const untended: Readonly<Record<string, string>> = {
  "statefulsets.apps": "no pod is made for this one",
  "daemonsets.apps": "no pod is made for this one",
  "jobs.batch": "no pod is made for this one",
  "cronjobs.batch": "no job is made for this one",
  replicationcontrollers: "no pod is made for this one",
  "networkpolicies.networking.k8s.io": "pods are reached as before",
  "ingresses.networking.k8s.io": "nothing is led anywhere by this one",
}

/** What whoever creates one is told, who would wait for what it says otherwise. */
export function untendedWarnings({ group, plural }: { readonly group: string; readonly plural: string }): string[] {
  const consequence = untended[group === "" ? plural : `${plural}.${group}`]
  if (consequence === undefined) return []
  return [`Wick runs no controller of ${plural}: ${consequence}, unless one that you bring sees to it`]
}

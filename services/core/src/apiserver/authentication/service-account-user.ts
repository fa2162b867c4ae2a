import type { TokenSubject } from "#pki"
import { authenticatedGroup, type UserInfo } from "./user.ts"

const extraPrefix = "authentication.kubernetes.io"

export function serviceAccountName(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`
}

/** A service account as a user: its name, its groups, and what its token is bound to. */
export function serviceAccountUser({ namespace, serviceAccount, pod, node }: TokenSubject, tokenId: string): UserInfo {
  const extra = {
    ...(tokenId !== "" && { [`${extraPrefix}/credential-id`]: [`JTI=${tokenId}`] }),
    ...(node && { [`${extraPrefix}/node-name`]: [node.name] }),
    ...(node?.uid && { [`${extraPrefix}/node-uid`]: [node.uid] }),
    ...(pod && { [`${extraPrefix}/pod-name`]: [pod.name], [`${extraPrefix}/pod-uid`]: [pod.uid] }),
  }
  return {
    name: serviceAccountName(namespace, serviceAccount.name),
    uid: serviceAccount.uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, authenticatedGroup],
    ...(Object.keys(extra).length > 0 && { extra }),
  }
}

import { Secret } from "@wick/sdk/api/core/secret"
import { ServiceAccount } from "@wick/sdk/api/core/service-account"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { createController, done, keyOf, type Result, splitKey, watchOf } from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import { decide, nameAnnotation, tokenType } from "./decide.ts"

/** Signs a token that lives as long as its secret and its account. */
export type SignSecretToken = (holder: {
  readonly namespace: string
  readonly serviceAccount: { readonly name: string; readonly uid: string }
  readonly secretName: string
}) => Promise<string>

export interface TokenSecretsContext extends ControllerContext {
  readonly certificateAuthority?: string | undefined
  readonly signSecretToken: SignSecretToken
}

/**
 * Fills secrets of type kubernetes.io/service-account-token, which people make for what cannot ask for a token by
 * itself, and takes them away with their accounts.
 */
export function startTokenSecrets(context: TokenSecretsContext): AsyncDisposable {
  const { clock, informers, log, metrics } = context
  const secrets = informers(Secret, { fieldSelector: `type=${tokenType}` })
  const accounts = informers(ServiceAccount)
  return createController({
    name: "serviceaccount-token-controller",
    clock,
    log,
    metrics,
    watches: [
      watchOf(secrets, ({ after }) => (after ? [keyOf(after)] : [])),
      watchOf(accounts, ({ before, after }) => {
        const account = (after ?? before)?.metadata
        // An account that only changes says nothing new of its tokens.
        if (!account || (before && after && before.metadata.uid === after.metadata.uid)) return []
        const theirs = ({ metadata }: Secret) => metadata.annotations?.[nameAnnotation] === account.name
        return secrets.list(account.namespace).filter(theirs).map(keyOf)
      }),
    ],
    reconcile: async (key) => {
      const { name, namespace } = splitKey(key)
      const secret = secrets.get(name, namespace)
      return secret ? settle(context, secret) : done
    },
  })
}

async function settle(context: TokenSecretsContext, secret: Secret): Promise<Result> {
  const { client, certificateAuthority, informers, signSecretToken } = context
  const { name, namespace = "", annotations = {}, uid, resourceVersion } = secret.metadata
  const accountName = annotations[nameAnnotation] ?? ""
  if (accountName === "") return done
  // One that the cache has not seen yet may be there: a secret is not taken away on hearsay.
  const account =
    informers(ServiceAccount).get(accountName, namespace) ??
    (await present(client.get(ServiceAccount, { name: accountName, namespace })))
  const plan = decide(secret, account, certificateAuthority)
  if (plan.kind === "leave") return done
  if (plan.kind === "remove") {
    const preconditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) }
    await present(client.delete(Secret, { name, namespace }, { preconditions }))
    return done
  }
  const serviceAccount = { name: accountName, uid: account?.metadata.uid ?? "" }
  const token = plan.token && {
    token: Buffer.from(await signSecretToken({ namespace, serviceAccount, secretName: name })).toString("base64"),
  }
  await client.update(Secret, {
    ...secret,
    metadata: { ...secret.metadata, annotations: { ...annotations, ...plan.annotations } },
    data: { ...secret.data, ...plan.data, ...token },
  })
  return done
}

async function present<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined
    throw error
  }
}

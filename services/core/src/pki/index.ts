/**
 * Keys and certificates: a private authority, the certificates and tokens that it vouches for, and the files that they
 * live in (owner only, written whole or not at all). What expires is replaced at a start, by the pure rule of
 * rotation.ts. Secrets stay in values and files: nothing here logs one. Imports nothing of core; the API server and the
 * compositions of core may import this.
 */
export type { Credential } from "./certificate.ts"
export { type KubeconfigOptions, kubeconfigText, writeKubeconfig } from "./kubeconfig.ts"
export type { LegacySubject } from "./legacy-token.ts"
export { type FrontProxy, frontProxyName, openPki, type PeerCredential, type Pki, type PkiOptions } from "./pki.ts"
export { makeSecretDirectory, readSecretFile, writeSecretFile } from "./secret-file.ts"
export { type RequestedSubject, readSigningRequest, type SigningOrder } from "./signing-request.ts"
export {
  type BoundObject,
  createTokenAuthority,
  generateTokenKey,
  type TokenAuthority,
  type TokenClaims,
  type TokenRequest,
  type TokenSubject,
  type Verification,
} from "./token.ts"

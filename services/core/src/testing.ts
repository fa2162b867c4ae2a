/**
 * What other workspaces' tests may use of the core: the real API server on a store in memory, in their own process;
 * etcd of this machine; a bucket of S3; certificates.
 */
export { startTestIssuer, type TestIssuer } from "./apiserver/testing/issuer.ts"
export type { TestApi } from "./apiserver/testing/start.ts"
export { startTestApi } from "./apiserver/testing/start.ts"
export { credentials as s3Credentials, type S3Server, startS3 } from "./backup/testing/s3-server.ts"
export { etcdctl, startSecure as startEtcdOfMachine } from "./etcd/testing/start-pair.ts"
export { startTestDriver } from "./kubelet/csi/testing/csi-driver.ts"
export { createAuthority, issueCertificate } from "./pki/authority.ts"
export { startTestControlPlane } from "./testing/control-plane.ts"
export { ownDirectory } from "./testing/own-directory.ts"

/**
 * By what the gateways know that one of serving's own services asks at their admin endpoint: a key in a Secret, and proofs
 * made with it that travel in its stead. Imported by the activator and the controller; decision 022 says why.
 */
export { followGatewayKey, type GatewayKey, keepGatewayKey } from "./gateway-key.ts"
export { isProven, type Proven, proofOf } from "./proof.ts"

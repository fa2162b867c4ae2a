/**
 * Ports on this host's loopback of services that every host with an API server has for itself, by `namespace/name`. They
 * need no Service object and no network, and a registration that names one is good on all hosts.
 */
export type LocalServices = ReadonlyMap<string, number>

// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import java.util.Optional;

/**
 * What is known of a client by its TLS connection.
 *
 * @param commonName of the client's certificate, if it has shown one and we have verified it
 * @param endPoint the hash of our own certificate (tls-server-end-point, RFC 5929), which SCRAM-SHA-256-PLUS binds to; without it only
 *     SCRAM-SHA-256 is offered
 */
public record TlsPeer(Optional<String> commonName, Optional<byte[]> endPoint) {}

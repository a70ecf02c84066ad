// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.net.InetAddress;
import java.util.Optional;

/**
 * What lines of auth_hba_file are compared with.
 *
 * @param address the client's; none on a unix socket
 * @param encrypted whether it is a TLS connection
 * @param replication whether it is one for physical replication, which belongs to no database
 */
public record HbaConnection(Optional<InetAddress> address, boolean encrypted, String user, String database, boolean replication) {}

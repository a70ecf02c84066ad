// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

/**
 * Where a client's server connection goes, and the names its startup packet carries there instead of the client's own.
 *
 * @param entry what clients call the database; several names may stand for one database, each with connections of its own
 */
public record Route(String entry, String host, int port, String database, String user) {}

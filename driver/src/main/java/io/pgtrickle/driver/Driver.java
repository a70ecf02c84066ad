// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.driver;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.calcite.avatica.AvaticaConnection;
import org.apache.calcite.avatica.DriverVersion;
import org.apache.calcite.avatica.Meta;
import org.apache.calcite.avatica.UnregisteredDriver;
import org.jspecify.annotations.Nullable;

/**
 * {@code jdbc:pgtrickle://host:port/database?property=value}: everything after the prefix is as for pgjdbc.
 *
 * <p>Connections and statements are thin delegates over pgjdbc's ({@code unwrap} gives its objects): result sets, COPY,
 * arrays and metadata are pgjdbc's own. Only statements about stream tables go to the engine, on the same connection.
 */
public final class Driver extends UnregisteredDriver {

    static final String PREFIX = "jdbc:pgtrickle:";

    private static final String PGJDBC_PREFIX = "jdbc:postgresql:";

    static {
        new Driver().register();
    }

    private final org.postgresql.Driver pgjdbc = new org.postgresql.Driver();

    @Override
    public @Nullable Connection connect(String url, Properties info) throws SQLException {
        if (!acceptsURL(url)) {
            return null;
        }
        String pgUrl = PGJDBC_PREFIX + url.substring(PREFIX.length());
        Properties given = org.postgresql.Driver.parseURL(pgUrl, info);
        if (given == null) {
            throw new SQLException("cannot read the URL " + url + "; it has the form jdbc:pgtrickle://host:port/database", "08001");
        }
        DriverProperties properties = DriverProperties.from(given);
        Connection connection = pgjdbc.connect(pgUrl, DriverProperties.withoutOurs(info));
        if (connection == null) {
            throw new SQLException("pgjdbc refused the URL " + pgUrl, "08001");
        }
        return TrickleConnection.over(connection, EngineLease.open(properties));
    }

    @Override
    public DriverPropertyInfo[] getPropertyInfo(String url, Properties info) {
        String pgUrl = PGJDBC_PREFIX + url.substring(PREFIX.length());
        return Stream.concat(
                        Stream.of(pgjdbc.getPropertyInfo(pgUrl, info)), DriverProperties.describe(info).stream())
                .toArray(DriverPropertyInfo[]::new);
    }

    @Override
    protected DriverVersion createDriverVersion() {
        return new DriverVersion("pgtrickle JDBC driver", "0.1.0", "PostgreSQL", "18", false, 0, 1, 18, 0);
    }

    @Override
    protected String getConnectStringPrefix() {
        return PREFIX;
    }

    /** Avatica's own connections, which cut timestamps to milliseconds, are never made here. */
    @Override
    public Meta createMeta(AvaticaConnection connection) {
        throw new IllegalStateException("rows never pass through Avatica in process");
    }

    /** For tests and tools that want the registration to have happened. */
    static boolean isRegistered() {
        return DriverManager.drivers().anyMatch(Driver.class::isInstance);
    }
}

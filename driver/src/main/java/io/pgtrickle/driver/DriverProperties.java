// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.driver;

import java.sql.DriverPropertyInfo;
import java.util.List;
import java.util.Optional;
import java.util.Properties;

/**
 * What the engine in process needs to know. pgjdbc's own properties are not touched.
 *
 * @param engineUser the role the engine works as; without it, the connection's own user
 * @param scheduler whether this process also refreshes on schedule; a proxy in front of the same server makes it superfluous
 */
record DriverProperties(
        String host, int port, String database, String engineUser, Optional<String> enginePassword, boolean scheduler) {

    private static final String ENGINE_USER = "engineUser";
    private static final String ENGINE_PASSWORD = "enginePassword";
    private static final String SCHEDULER = "scheduler";

    /** @param given what pgjdbc made of the URL and the properties */
    static DriverProperties from(Properties given) {
        String user = given.getProperty("user", System.getProperty("user.name"));
        String engineUser = given.getProperty(ENGINE_USER, user);
        String ownPassword = engineUser.equals(user) ? given.getProperty("password") : null;
        return new DriverProperties(
                first(given.getProperty("PGHOST", "localhost")),
                Integer.parseInt(first(given.getProperty("PGPORT", "5432"))),
                given.getProperty("PGDBNAME", user),
                engineUser,
                Optional.ofNullable(given.getProperty(ENGINE_PASSWORD, ownPassword)),
                Boolean.parseBoolean(given.getProperty(SCHEDULER, "true")));
    }

    static Properties withoutOurs(Properties info) {
        Properties theirs = new Properties();
        for (String name : info.stringPropertyNames()) {
            if (!List.of(ENGINE_USER, ENGINE_PASSWORD, SCHEDULER).contains(name)) {
                theirs.setProperty(name, info.getProperty(name));
            }
        }
        return theirs;
    }

    static List<DriverPropertyInfo> describe(Properties info) {
        return List.of(
                property(info, ENGINE_USER, "The role the engine works as; default: the connection's user."),
                property(info, ENGINE_PASSWORD, "Its password; default: the connection's, if the role is the same."),
                property(info, SCHEDULER, "Whether this process refreshes on schedule (true) or only on demand."));
    }

    private static DriverPropertyInfo property(Properties info, String name, String description) {
        DriverPropertyInfo property = new DriverPropertyInfo(name, info.getProperty(name));
        property.description = description;
        return property;
    }

    /** pgjdbc lists several hosts and ports with commas; the engine works on the first. */
    private static String first(String list) {
        int comma = list.indexOf(',');
        return comma < 0 ? list : list.substring(0, comma);
    }
}

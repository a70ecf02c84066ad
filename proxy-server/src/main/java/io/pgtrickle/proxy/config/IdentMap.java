// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.List;

/** One map of auth_ident_file: which users a certificate's name may be. */
public record IdentMap(String name, List<Entry> entries) {

    /** @param all whether it may be every user */
    public record Entry(String systemUser, boolean all, String user) {}

    public IdentMap {
        entries = List.copyOf(entries);
    }

    public boolean maps(String systemUser, String user) {
        return entries.stream().anyMatch(entry -> entry.systemUser.equals(systemUser) && (entry.all || entry.user.equals(user)));
    }
}

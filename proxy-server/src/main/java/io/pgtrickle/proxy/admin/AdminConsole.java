// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import io.pgtrickle.proxy.client.Console;

/** The console that clients find instead of a database. Thread-safe. */
public final class AdminConsole implements Console {

    private final Commands commands;

    public AdminConsole(Shows shows, DatabaseControl databases, Operations operations) {
        this.commands = new Commands(shows, databases, operations);
    }

    @Override
    public Session open(String user, boolean admin, Client client) {
        return new ConsoleSession(commands, admin, client);
    }
}

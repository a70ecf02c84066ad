// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.dvm.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class SettingsPageTest {

    /** Maven runs tests in the module's directory. */
    private static final Path PAGE = Path.of("..", "docs", "settings.md");
    private static final String WRITE = "pgtrickle.docs.write";

    @Test
    void thePageInTheDocumentationIsThatOfTheRegistries() throws IOException {
        if (Boolean.getBoolean(WRITE)) {
            Files.writeString(PAGE, SettingsPage.text());
        }
        assertThat(PAGE).as("mvn -pl proxy-server -am test -Dtest=SettingsPageTest -Dsurefire.failIfNoSpecifiedTests=false -D%s=true writes it anew", WRITE)
                .hasContent(SettingsPage.text());
    }

    @Test
    void everySettingIsOnThePage() {
        String page = SettingsPage.text();
        assertThat(Settings.ALL).allSatisfy(setting -> assertThat(page).contains("| `" + setting.qualifiedName() + "` |"));
        assertThat(ProxySettings.ALL).allSatisfy(setting -> assertThat(page).contains("| `" + setting.name() + "` |"));
        assertThat(UnsupportedSettings.GLOBAL).allSatisfy(setting -> assertThat(page).contains("| `" + setting.name() + "` |"));
    }
}

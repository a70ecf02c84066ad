// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.driver;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** What the driver may know; the other modules' rules are with the proxy's tests. */
class DriverBoundariesTest {

    private static final JavaClasses DRIVER = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.pgtrickle.driver");

    @Test
    void the_driver_is_no_proxy() {
        noClasses().should().dependOnClassesThat().resideInAnyPackage("io.netty..", "io.pgtrickle.proxy..", "io.pgtrickle.wire..")
                .because("it runs inside an application, over pgjdbc's own connection")
                .check(DRIVER);
    }

    @Test
    void the_driver_does_not_print_or_end_the_process() {
        noClasses().should().accessField(System.class, "out")
                .orShould().accessField(System.class, "err")
                .orShould().callMethod(System.class, "exit", int.class)
                .because("it is a guest in someone else's process")
                .check(DRIVER);
    }
}

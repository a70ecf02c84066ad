// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Calls that nobody makes, with the reason. */
class ForbiddenCallsTest {

    private static final String CLI = "io.pgtrickle.proxy.cli..";
    private static final String[] COMMANDS = {CLI, "io.pgtrickle.proxy.demo..", "io.pgtrickle.proxy.bench.."};

    @Test
    void only_commands_print() {
        noClasses().that().resideOutsideOfPackages(COMMANDS)
                .should().accessField(System.class, "out")
                .orShould().accessField(System.class, "err")
                .orShould().callMethod(Throwable.class, "printStackTrace")
                .because("standard output belongs to the command (the line `ready …`), everything else is logged")
                .check(Code.PRODUCT);
    }

    @Test
    void only_commands_end_the_process() {
        noClasses().that().resideOutsideOfPackages(COMMANDS)
                .should().callMethod(System.class, "exit", int.class)
                .orShould().callMethod(Runtime.class, "halt", int.class)
                .because("the engine also runs inside other people's applications")
                .check(Code.PRODUCT);
    }

    @Test
    void nobody_sleeps() {
        noClasses().that().resideOutsideOfPackages(COMMANDS)
                .should().callMethod(Thread.class, "sleep", long.class)
                .orShould().callMethod(Thread.class, "sleep", Duration.class)
                .because("waiting is for an event, with a time limit; a sleep is too long, too short, and not testable")
                .check(Code.PRODUCT);
    }

    @Test
    void upper_and_lower_case_do_not_depend_on_the_machine() {
        noClasses()
                .should().callMethod(String.class, "toLowerCase")
                .orShould().callMethod(String.class, "toUpperCase")
                .because("in a Turkish locale TITLE does not become title; say Locale.ROOT")
                .check(Code.PRODUCT);
    }

    @Test
    void sql_comes_out_the_same_in_every_process() {
        noClasses().that().resideInAnyPackage(
                        "io.pgtrickle.sql.render..", "io.pgtrickle.dvm.operator..", "io.pgtrickle.dvm.delta..", "io.pgtrickle.dvm.apply..")
                .should().callMethod(Set.class, "copyOf", Collection.class)
                .orShould().callMethod(Map.class, "copyOf", Map.class)
                .orShould().callMethod(Collectors.class, "toSet")
                .orShould().callMethod(Collectors.class, "toUnmodifiableSet")
                .because("these iterate in another order in every process; generated SQL is compared, cached and read by people")
                .check(Code.PRODUCT);
    }

    @Test
    void there_is_one_way_to_log_and_one_way_to_tell_time() {
        noClasses()
                .should().dependOnClassesThat().resideInAnyPackage("java.util.logging..", "org.apache.commons.logging..")
                .orShould().dependOnClassesThat().haveNameMatching("java\\.util\\.(Date|Calendar|GregorianCalendar|Timer|TimerTask)")
                .because("messages go through slf4j, and java.time replaced the rest")
                .check(Code.PRODUCT);
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.Set;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Who may know whom; docs/architecture.md shows the same as a picture. */
class BoundariesTest {

    private static final String SQL = "io.pgtrickle.sql..";
    private static final String WIRE = "io.pgtrickle.wire..";
    private static final String DVM = "io.pgtrickle.dvm..";
    private static final String PROXY = "io.pgtrickle.proxy..";

    private static final String JSQLPARSER = "net.sf.jsqlparser..";
    private static final String NETTY = "io.netty..";
    private static final String PGJDBC = "org.postgresql..";
    private static final String HIKARI = "com.zaxxer.hikari..";
    private static final String AVATICA = "org.apache.calcite..";
    private static final String[] JDBC = {"java.sql..", "javax.sql..", PGJDBC, HIKARI};

    /** Packages of a module; those of the compiler count as one, an operator stands beside its delta rule. */
    private static final SliceAssignment PACKAGES = new SliceAssignment() {

        private static final Set<String> COMPILER = Set.of("operator", "plan", "delta", "apply");

        @Override
        public SliceIdentifier getIdentifierOf(JavaClass item) {
            String[] parts = item.getPackageName().split("\\.", -1);
            if (!item.getPackageName().startsWith("io.pgtrickle.") || parts.length < 4) {
                return SliceIdentifier.ignore();
            }
            return SliceIdentifier.of(parts[2], parts[2].equals("dvm") && COMPILER.contains(parts[3]) ? "compiler" : parts[3]);
        }

        @Override
        public String getDescription() {
            return "packages";
        }
    };

    @Test
    void jsqlparser_is_known_to_one_package() {
        noClasses().that().resideOutsideOfPackage("io.pgtrickle.sql.jsqlparser..")
                .should().dependOnClassesThat().resideInAPackage(JSQLPARSER)
                .because("its syntax tree is not ours: it stops at the package that translates it, so that it can be replaced")
                .check(Code.PRODUCT);
    }

    @Test
    void sql_is_about_text_only() {
        noClasses().that().resideInAPackage(SQL)
                .should().dependOnClassesThat().resideInAnyPackage(NETTY, "java.sql..", "javax.sql..", PGJDBC, HIKARI, WIRE, DVM, PROXY)
                .because("reading and writing SQL needs neither a connection nor an engine, and both front doors share it")
                .check(Code.PRODUCT);
    }

    @Test
    void the_wire_protocol_knows_bytes_and_neither_sockets_nor_jdbc() {
        noClasses().that().resideInAPackage(WIRE)
                .should().dependOnClassesThat().resideInAnyPackage(
                        "io.netty.bootstrap..", "io.netty.channel.socket..", "io.netty.channel.nio..", "io.netty.channel.epoll..",
                        "java.sql..", "javax.sql..", PGJDBC, HIKARI, SQL, DVM, PROXY)
                .because("messages are encoded and decoded the same for a client and for a server, in a test and on a socket")
                .check(Code.PRODUCT);
    }

    @Test
    void the_engine_knows_no_front_door() {
        noClasses().that().resideInAPackage(DVM)
                .should().dependOnClassesThat().resideInAnyPackage(NETTY, AVATICA, WIRE, PROXY)
                .because("the proxy and the driver run the same engine: it sees a connection only as an SqlSession")
                .check(Code.PRODUCT);
    }

    @Test
    void the_engine_uses_jdbc_in_one_package() {
        noClasses().that().resideInAPackage(DVM).and().resideOutsideOfPackage("io.pgtrickle.dvm.jdbc..")
                .should().dependOnClassesThat().resideInAnyPackage(JDBC)
                .because("everything else runs over SqlSession, which inside the proxy is a client's own connection")
                .check(Code.PRODUCT);
    }

    @Test
    void the_proxy_speaks_the_protocol_and_not_jdbc() {
        noClasses().that().resideInAPackage(PROXY)
                .and().resideOutsideOfPackages(
                        "io.pgtrickle.proxy.cli..", "io.pgtrickle.proxy.embedded..", "io.pgtrickle.proxy.demo..", "io.pgtrickle.proxy.bench..",
                        "io.pgtrickle.proxy.probe..")
                .should().dependOnClassesThat().resideInAnyPackage(JDBC)
                .because("a blocking driver on an event loop stops every client; the commands that are clients themselves may use it")
                .check(Code.PRODUCT);
    }

    @Test
    void packages_have_no_cycles() {
        slices().assignedFrom(PACKAGES).should().beFreeOfCycles()
                .because("a package that is part of a cycle can only be understood together with all the others")
                .check(Code.PRODUCT);
    }

    @Test
    void every_package_is_null_marked() {
        classes().should(resideInANullMarkedPackage())
                .because("NullAway checks only what is marked")
                .check(Code.PRODUCT);
    }

    @Test
    void what_records_implement_is_sealed() {
        classes().that(areOurInterfacesImplementedByRecords())
                .should(beSealed())
                .because("the compiler lists the work for a new kind of node only if a switch over the family is exhaustive")
                .check(Code.PRODUCT);
    }

    private static ArchCondition<JavaClass> resideInANullMarkedPackage() {
        return new ArchCondition<>("reside in a @NullMarked package") {
            @Override
            public void check(JavaClass item, ConditionEvents events) {
                boolean marked = item.getPackage().tryGetAnnotationOfType(NullMarked.class).isPresent();
                events.add(new SimpleConditionEvent(item, marked, item.getPackageName() + " has no @NullMarked package-info"));
            }
        };
    }

    private static DescribedPredicate<JavaClass> areOurInterfacesImplementedByRecords() {
        return DescribedPredicate.describe(
                "are interfaces of a syntax tree, plan or message that records implement",
                item -> item.isInterface()
                        && item.getPackageName().startsWith("io.pgtrickle.")
                        && item.getSubclasses().size() > 1
                        && item.getSubclasses().stream().allMatch(JavaClass::isRecord));
    }

    private static ArchCondition<JavaClass> beSealed() {
        return new ArchCondition<>("be sealed") {
            @Override
            public void check(JavaClass item, ConditionEvents events) {
                events.add(new SimpleConditionEvent(item, item.reflect().isSealed(), item.getName() + (item.reflect().isSealed() ? " is sealed" : " is not sealed")));
            }
        };
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

/** Trees as PostgreSQL 18 writes them, shortened. */
class RuleTreeTest {

    private static final long REGCLASS = 2205;
    private static final long TEXT = 25;
    private static final long FORMAT = 3539;

    private static final String VAR = "{VAR :varno 2 :varattno 2 :vartype 2205 :vartypmod -1 :varnullingrels (b) :location -1}";
    private static final String CONST = "{CONST :consttype 25 :constlen -1 :constisnull false :constvalue 6 [ 24 0 0 0 37 115 ]}";

    private static RuleTree.Conversions of(String tree) {
        return RuleTree.conversions(tree, Set.of(FORMAT));
    }

    private static String cast(String argument) {
        return "({QUERY :targetList ({TARGETENTRY :expr {COERCEVIAIO :arg " + argument + " :resulttype 25 :resultcollid 100} :resno 1 :resname x})})";
    }

    @Test
    void aCastPrintsItsArgumentAndReadsItsResult() {
        assertThat(of(cast(VAR))).isEqualTo(new RuleTree.Conversions(Set.of(REGCLASS), Set.of(TEXT)));
        assertThat(of(VAR)).isEqualTo(new RuleTree.Conversions(Set.of(), Set.of()));
    }

    @Test
    void aTypeMayStandBehindTheArgumentOrBelow() {
        assertThat(of(cast("{RELABELTYPE :arg " + CONST + " :resulttype 2205}")).printed()).containsExactly(REGCLASS);
        assertThat(of(cast("{SUBLINK :testexpr <> :subselect {QUERY :rtable <> :targetList ({TARGETENTRY :expr " + VAR + " :resno 1})}}")).printed())
                .containsExactly(REGCLASS);
    }

    @Test
    void functionsThatPrintTheirArguments() {
        String call = "{FUNCEXPR :funcid %d :funcresulttype 25 :args (" + CONST + " " + VAR + ")}";
        assertThat(of(call.formatted(FORMAT)).printed()).containsExactlyInAnyOrder(TEXT, REGCLASS);
        assertThat(of(call.formatted(1L)).printed()).isEmpty();
    }

    @Test
    void aRowWithoutATypeIsMadeOfItsColumns() {
        assertThat(of(cast("{ROWEXPR :args (" + VAR + ") :row_typeid 2249 :colnames (\"f1\")}")).printed()).contains(REGCLASS);
    }

    @Test
    void namesThatLookLikeSyntax() {
        assertThat(of("({TARGETENTRY :expr {COERCEVIAIO :arg " + VAR + " :resulttype 25} :resname :arg\\ \\{\\) :resno 1} {CONST :consttype 1})").printed())
                .containsExactly(REGCLASS);
    }

    @Test
    void nestingIsNotLimitedByAStack() {
        String tree = "{COLLATEEXPR :arg ".repeat(20_000) + VAR + " :collOid 100}".repeat(20_000);
        assertThat(of(cast(tree)).printed()).containsExactly(REGCLASS);
    }

    @Test
    void textThatEndsEarlyIsNoError() {
        String tree = cast(VAR);
        for (int i = 0; i < tree.length(); i++) {
            assertThat(of(tree.substring(0, i)).read()).isSubsetOf(TEXT);
        }
    }
}

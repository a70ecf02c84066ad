// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.jsqlparser;

import io.pgtrickle.sql.ast.Query;
import io.pgtrickle.sql.parse.DeparseNormalizer;
import io.pgtrickle.sql.parse.FunctionCatalog;
import io.pgtrickle.sql.parse.NormalizedQuery;
import io.pgtrickle.sql.parse.QueryParser;
import io.pgtrickle.sql.parse.UnsupportedConstructException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.sf.jsqlparser.parser.AbstractJSqlParser.Dialect;
import net.sf.jsqlparser.parser.CCJSqlParserUtil;
import net.sf.jsqlparser.parser.ParseException;
import net.sf.jsqlparser.statement.Statement;
import net.sf.jsqlparser.statement.select.Select;

/** The query parser on JSqlParser. It reads in the caller's thread: the library's own entry points start one per call. */
public final class JSqlQueryParser implements QueryParser {

    private static final Pattern UNEXPECTED = Pattern.compile("Encountered: .*? / \"(.*?)\", at line");

    @Override
    public Query parse(String canonicalQuery, FunctionCatalog functions) throws UnsupportedConstructException {
        String query = canonicalQuery.strip();
        String body = query.endsWith(";") ? query.substring(0, query.length() - 1) : query;
        NormalizedQuery normalized = DeparseNormalizer.normalize(body);
        if (!(statement(normalized.text()) instanceof Select select)) {
            throw UnsupportedConstructException.unreadable(body);
        }
        return new QueryReader(new ExpressionReader(normalized.templates(), functions)).read(select);
    }

    /** First the library's quick grammar, then the one that also reads deeply nested expressions. */
    private static Statement statement(String text) throws UnsupportedConstructException {
        try {
            return statement(text, false);
        } catch (ParseException | RuntimeException notSimple) {
            try {
                return statement(text, true);
            } catch (ParseException | RuntimeException failure) {
                throw UnsupportedConstructException.unreadable(reason(failure));
            }
        }
    }

    private static Statement statement(String text, boolean complex) throws ParseException {
        return CCJSqlParserUtil.newParser(text)
                .withDialect(Dialect.POSTGRESQL)
                .withAllowComplexParsing(complex)
                .Statement();
    }

    private static String reason(Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        Matcher matcher = UNEXPECTED.matcher(message);
        return matcher.find() ? matcher.group(1) : message;
    }
}

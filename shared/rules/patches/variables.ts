/** What a variable of an environment could do to the process that gets it. Pure. */

/** Names that a dynamic linker, an interpreter or a tool takes code, options or commands from. */
const LOADS =
  /^(LD_.*|DYLD_.*|GLIBC_TUNABLES|GCONV_PATH|NODE_OPTIONS|NODE_PATH|NODE_REPL_EXTERNAL_MODULE|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|CLASSPATH|PYTHON(PATH|STARTUP|HOME|INSPECT|BREAKPOINT|WARNINGS)|PERL5(OPT|LIB|DB)|PERLLIB|RUBY(OPT|LIB)|BUNDLE_GEMFILE|PHPRC|PHP_INI_SCAN_DIR|LUA_(INIT|PATH|CPATH).*|DOTNET_STARTUP_HOOKS|DOTNET_ADDITIONAL_DEPS|(CORECLR|COR)_(PROFILER.*|ENABLE_PROFILING)|BASH_ENV|BASH_FUNC_.*|ENV|IFS|PS4|PROMPT_COMMAND|SHELLOPTS|PATH|GIT_(SSH|SSH_COMMAND|EXEC_PATH|PROXY_COMMAND|CONFIG.*|ASKPASS|PAGER|EDITOR)|EDITOR|VISUAL|PAGER|SSH_ASKPASS|OPENSSL_(CONF|ENGINES|MODULES)|ERL_(AFLAGS|FLAGS|ZFLAGS|LIBS)|ELIXIR_ERL_OPTIONS)$/
/** Names by which a process finds whom it talks to, and whom it believes. Case as people write it. */
const TRUSTS = /^(KUBERNETES_SERVICE_(HOST|PORT).*|(HTTPS?|ALL|FTP|NO)_PROXY|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|NODE_TLS_REJECT_UNAUTHORIZED|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|GIT_SSL_.*|AWS_(CA_BUNDLE|ENDPOINT_URL.*)|HOSTALIASES|LOCALDOMAIN|RES_OPTIONS|PYTHONHTTPSVERIFY)$/i

/** Another variable in a value, which may be one that came from a Secret; `$$(NAME)` is text. */
const REFERENCE = /(^|[^$])(\$\$)*\$\([^)]*\)/

/** undefined: nothing is known against it. */
export function harmOfName(name: string): string | undefined {
  if (LOADS.test(name)) return 'by it other programs, or other code, are run'
  return TRUSTS.test(name) ? 'by it what the process sends, tokens and all, goes to somebody else' : undefined
}

export const harmOfValue = (value: string): string | undefined => (REFERENCE.test(value) ? 'it takes in another variable, which could be a secret' : undefined)

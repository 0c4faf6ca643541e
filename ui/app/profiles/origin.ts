// Whose code a frame is, by its name and file: your own, a library's, the standard library's, the runtime's, the kernel's, or
// native. Names prove it for Go, Java, Python, Rust and the kernel; what they do not prove is native. Pure.
export type Origin = "own" | "library" | "standard" | "runtime" | "kernel" | "native";

export const kOrigins: readonly Origin[] = ["own", "library", "standard", "runtime", "kernel", "native"];
export const kOriginWords: Record<Origin, string> = {
  own: "Your code", library: "Libraries", standard: "Standard library", runtime: "Runtime, GC", kernel: "Kernel", native: "Native, unknown",
};

const kKernel = /^(entry_SYSCALL|do_syscall|__x64_sys_|__do_sys_|ksys_|asm_|irq_|__softirq|do_softirq|tcp_|udp_|ip_|inet_|sock_|__sock|vfs_|ext4_|xfs_|schedule$|__schedule|finish_task_switch|futex_|do_futex|ep_poll|do_epoll|page_fault|exc_page_fault|handle_mm_fault|copy_user|_raw_spin)|\[k\]$/;
const kRuntime = /^(runtime[./]|internal\/runtime|java\.lang\.ref\.|jdk\.internal\.vm|G1|GC_|JVM_|Interpreter$|__libc_start|_start$|start_thread$|gc(Drain|BgMark|Assist))/;
const kStandard = /^(java\.|javax\.|jdk\.|sun\.|std::|core::|alloc::|__GI_|_int_malloc|malloc$|free$|memcpy|memmove|__memcpy|pthread_)/;

// `own`: prefixes of names that are yours.
export function originOf(name: string, file: string, own: readonly string[]): Origin {
  if (own.some((prefix) => name.startsWith(prefix))) return "own";
  if (file === "[kernel]" || file === "[kernel.kallsyms]" || file.startsWith("/usr/src/linux") || kKernel.test(name)) return "kernel";
  if (kRuntime.test(name)) return "runtime";
  if (name.startsWith("main.")) return "own";
  if (kStandard.test(name) || /\/(usr\/)?lib\/(python\d|go|jvm)/.test(file) && !/site-packages|dist-packages/.test(file)) return "standard";
  const slash = name.indexOf("/");
  const dot = name.indexOf(".");
  if (slash > 0 && dot > 0 && dot < slash) return "library"; // example.com/…
  if (/^([a-z]\w*\.){2,}[A-Z]/.test(name)) return "library"; // org.apache.X.y
  if (/^[a-z][a-z0-9]*(\/[a-z0-9]+)*\.[(\w]/.test(name) && /\.go$|^$/.test(file)) return "standard"; // net/http.(*conn).serve
  if (/::/.test(name) || /site-packages|dist-packages|\.cargo\/registry/.test(file)) return "library";
  return "native";
}

// The module that `main` calls into is taken for yours: its first parts.
export function guessOwn(pairs: Iterable<readonly [caller: string, callee: string]>): string[] {
  const found = new Set<string>();
  for (const [caller, callee] of pairs) {
    const space = caller === "main" ? /^(\w+::)/.exec(callee)?.[1] : undefined; // a namespace of C++, a crate of Rust
    if (space && !/^(std|core|alloc|boost|tokio)::/.test(space)) found.add(space);
    if (caller !== "main.main" && caller !== "runtime.main") continue;
    const match = /^([\w-]+(?:\.[\w-]+)+\/[\w.-]+(?:\/[\w-]+)?)[./]/.exec(callee);
    if (match) found.add(/^(github|gitlab|bitbucket)\./.test(match[1]) ? match[1] : match[1].split("/").slice(0, 2).join("/"));
  }
  return [...found];
}

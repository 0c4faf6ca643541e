// An aarch64 program without a library, for the test that walks its recorded stack: recursion without frame pointers, signed return
// addresses, and a signal handler in the middle.
//   clang --target=aarch64-linux-gnu -O2 -fomit-frame-pointer -momit-leaf-frame-pointer -fno-optimize-sibling-calls -fasynchronous-unwind-tables \
//     -march=armv8.3-a -mbranch-protection=pac-ret -nostdlib -static -fuse-ld=lld -Wl,--build-id program.c -o program
static volatile unsigned long sum;

__attribute__((noinline)) static long call(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}
__attribute__((noinline)) void leaf(void) {  // the recording is made here
  sum++;
}
__attribute__((noinline)) int deep(int n) {
  if (n == 0) leaf();
  else sum += deep(n - 1);
  return sum + 1;
}
__attribute__((noinline)) void on_signal(int signal) {
  volatile char room[300];
  room[signal] = 1;
  deep(3);
  sum += room[0];
}
__attribute__((noinline)) int interrupted(int n) {
  if (n == 0) call(129 /* kill */, call(172 /* getpid */, 0, 0, 0, 0), 10, 0, 0);
  else sum += interrupted(n - 1);
  return sum + 1;
}
void back_from_signal(void);
__attribute__((noinline)) int main_part(void) {
  struct {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
  } action = {on_signal, 0x04000000, back_from_signal, 0};
  call(134 /* rt_sigaction */, 10, (long)&action, 0, 8);
  interrupted(5);
  return sum;
}
__asm__(
    ".globl back_from_signal\n.type back_from_signal, %function\n"
    ".cfi_startproc\n.cfi_signal_frame\n"
    "nop\n"
    "back_from_signal: mov x8, 139\n svc 0\n"
    ".cfi_endproc\n.size back_from_signal, . - back_from_signal\n"
    ".globl _start\n.type _start, %function\n"
    "_start:\n.cfi_startproc\n.cfi_undefined x30\n mov x29, 0\n bl main_part\n mov x8, 94\n svc 0\n"
    ".cfi_endproc\n.size _start, . - _start\n");

// Makes the recordings of this folder: work, allocations, a contended lock, parking and sleep, for the given milliseconds.
import java.util.ArrayDeque;
import java.util.concurrent.locks.LockSupport;

public class Busy {
  static final Object lock = new Object();
  static volatile Object sink;

  static int deep(int n) {
    if (n > 0) return deep(n - 1) + 1;
    int x = 1;
    for (int i = 0; i < 200_000; i++) x = x * 31 + i;
    return x;
  }

  static void hold() throws InterruptedException {
    synchronized (lock) {
      Thread.sleep(15);
    }
  }

  public static void main(String[] args) throws Exception {
    long end = System.currentTimeMillis() + Long.parseLong(args[0]);
    Thread contender = new Thread(() -> {
      try {
        while (System.currentTimeMillis() < end) hold();
      } catch (InterruptedException e) {
        return;
      }
    }, "contender-ж");
    contender.start();
    ArrayDeque<byte[]> kept = new ArrayDeque<>();
    while (System.currentTimeMillis() < end) {
      for (int i = 0; i < 100; i++) {
        kept.add(new byte[1 << 12]);
        if (kept.size() > 256) kept.poll();
        sink = new byte[1 << 14];
      }
      sink = new byte[4 << 20];
      for (int i = 0; i < 40; i++) deep(30);
      hold();
      LockSupport.parkNanos(12_000_000);
    }
    contender.join();
  }
}

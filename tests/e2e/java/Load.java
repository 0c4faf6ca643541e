// What the tests profile: between "go" and "stop" on standard input it spends CPU time in hot(), allocates in waste(), and waits for a lock
// in contend(); then it prints what it measured itself. Ends with standard input.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;

public class Load {
  static final Object lock = new Object();
  static volatile boolean working = true;
  static volatile Object sink;
  static volatile long result;
  static long waited;

  static void hot() {
    long x = result;
    for (int i = 0; i < 2_000_000; i++) x = x * 31 + i;
    result = x;
  }

  static void waste() {
    for (int i = 0; i < 20; i++) sink = new byte[16 << 10];
  }

  static void hold() {
    while (working) {
      synchronized (lock) {
        pause(30);
      }
      pause(5);
    }
  }

  static void contend() {
    while (working) {
      long before = System.nanoTime();
      synchronized (lock) {
        waited += System.nanoTime() - before;
      }
      pause(1);
    }
  }

  static void pause(int milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  public static void main(String[] arguments) throws Exception {
    com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    System.out.println("ready");
    if (!"go".equals(in.readLine())) return;
    Thread holder = new Thread(Load::hold, "holder"), contender = new Thread(Load::contend, "contender");
    holder.start();
    contender.start();
    long allocated = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
    Thread listener = new Thread(() -> {
      try {
        in.readLine();
      } catch (java.io.IOException e) {
        // the end, too
      }
      working = false;
    }, "listener");
    listener.start();
    while (working) {
      hot();
      waste();
    }
    allocated = threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - allocated;
    holder.join();
    contender.join();
    System.out.println("allocated " + allocated + " waited " + waited);
    while (in.readLine() != null) {
      pause(1);
    }
  }
}

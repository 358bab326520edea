import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * Serves an empty in-memory database in MongoDB's wire protocol, for tests.
 *
 * <p>Usage: {@code java -jar mongo-standin.jar [PORT]}. It listens on the loopback address, on a
 * free port where none is given, prints {@code listening HOST:PORT}, and ends when its standard
 * input does, so that it never outlives the test that started it.
 */
public final class Standin {
  /** Reports the protocol of MongoDB 5.0, as the driver refuses the library's own, older versions. */
  private static final MongoVersion VERSION =
      new MongoVersion() {
        @Override
        public List<Integer> getVersionArray() {
          return List.of(5, 0, 0);
        }

        @Override
        public int getWireVersion() {
          return 13;
        }
      };

  public static void main(String[] args) throws IOException {
    int port = args.length > 0 ? Integer.parseInt(args[0]) : 0;
    MemoryBackend backend = new MemoryBackend();
    backend.version(VERSION);
    MongoServer server = new MongoServer(backend);
    server.bind(new InetSocketAddress("127.0.0.1", port));
    System.out.println("listening 127.0.0.1:" + server.getLocalAddress().getPort());
    System.out.flush();

    byte[] ignored = new byte[256];
    InputStream in = System.in;
    while (in.read(ignored) >= 0) {
      // Only the end of the input means something.
    }
    System.exit(0); // without waiting for clients to hang up
  }
}

import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.backend.memory.MemoryDatabase;
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
  public static void main(String[] args) throws IOException {
    int port = args.length > 0 ? Integer.parseInt(args[0]) : 0;
    MongoServer server = new MongoServer(new Backend().version(new Version()));
    server.bind(new InetSocketAddress("127.0.0.1", port));
    System.out.println("listening 127.0.0.1:" + server.getLocalAddress().getPort());
    System.out.flush();

    InputStream in = System.in;
    while (in.read() >= 0) {
      // Only the end of the input means something.
    }
    System.exit(0); // without waiting for clients to hang up
  }

  /** Reports the protocol of MongoDB 5.0: the driver refuses the library's own, older versions. */
  private static final class Version implements MongoVersion {
    @Override
    public List<Integer> getVersionArray() {
      return List.of(5, 0, 0);
    }

    @Override
    public int getWireVersion() {
      return 13;
    }
  }

  /** Keeps collections whose ids are indexed by {@link IdIndex}. */
  private static final class Backend extends MemoryBackend {
    @Override
    public MemoryDatabase openOrCreateDatabase(String name) {
      return new Database(name, getCursorRegistry());
    }
  }

  private static final class Database extends MemoryDatabase {
    Database(String name, CursorRegistry cursors) {
      super(name, cursors);
    }

    @Override
    protected Index<Integer> openOrCreateUniqueIndex(
        String collection, String name, List<IndexKey> keys, boolean sparse) {
      if (keys.size() == 1 && keys.get(0).getKey().equals("_id")) {
        return new IdIndex(name, keys, sparse);
      }
      return super.openOrCreateUniqueIndex(collection, name, keys, sparse);
    }
  }
}

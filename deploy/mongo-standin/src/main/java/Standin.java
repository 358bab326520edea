import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.ArrayFilters;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.backend.memory.MemoryCollection;
import de.bwaldvogel.mongo.backend.memory.MemoryDatabase;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.oplog.Oplog;
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

  /** Keeps {@link ReplacingCollection}s whose ids are indexed by {@link IdIndex}. */
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
    protected MemoryCollection openOrCreateCollection(String name, CollectionOptions options) {
      return new ReplacingCollection(this, name, options, cursorRegistry);
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

  /**
   * Replaces a document by a new one. The library changes the stored one field by field: its fields
   * end up in another order than MongoDB's, and a reader may see half of the change.
   */
  private static final class ReplacingCollection extends MemoryCollection {
    ReplacingCollection(
        MongoDatabase database, String name, CollectionOptions options, CursorRegistry cursors) {
      super(database, name, options, cursors);
    }

    @Override
    public synchronized Document updateDocuments(
        Document selector,
        Document update,
        ArrayFilters arrayFilters,
        boolean isMulti,
        boolean isUpsert,
        Oplog oplog) {
      Object id = update.get("_id"); // operators have none
      if (id == null || !id.equals(selector.get("_id"))) {
        return super.updateDocuments(selector, update, arrayFilters, isMulti, isUpsert, oplog);
      }
      int matched = 0;
      for (Document stored : queryDocuments(selector, null, 0, 1, 0, null)) {
        removeDocument(stored);
        matched++;
      }
      Document result = new Document("n", matched).append("nModified", matched);
      if (matched > 0 || isUpsert) {
        addDocument(update); // refuses a duplicate id
      }
      if (matched == 0 && isUpsert) {
        result.append("upserted", id);
      }
      return result;
    }
  }
}

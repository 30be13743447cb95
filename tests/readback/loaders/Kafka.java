import java.io.FileInputStream;
import java.util.Properties;
import kafka.server.KafkaConfig;

/** Prints what a Kafka broker takes from a properties file, as `name=value`; refuses what it refuses. */
class Kafka {
    public static void main(String[] arguments) throws Exception {
        var properties = new Properties();
        try (var file = new FileInputStream(arguments[0])) {
            properties.load(file);
        }
        KafkaConfig.fromProps(properties).values().forEach((name, value) -> System.out.println(name + "=" + value));
    }
}

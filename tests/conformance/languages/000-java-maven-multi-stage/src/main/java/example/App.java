package example;

public class App {
    public static void main(String[] arguments) {
        System.out.println("hello from Java, user " + System.getProperty("user.name"));
    }
}
